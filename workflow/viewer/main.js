// What happens when: buttons, pointer and keys.

const on = (id, event, action) => byId(id).addEventListener(event, action);

function say(text) {
  byId("status").textContent = text;
}

function complain(text) {
  byId("problem").textContent = text;
}

function updateCounts() {
  const unsure = unsureCount(), corrections = correctionCount();
  const checked = pageSet.pages.filter((page) => checkedPages.has(page.id)).length;
  byId("threshold-value").textContent = percent(Number(threshold.value));
  byId("review-count").textContent = unsure ? counted(unsure, "box is unsure", "boxes are unsure") : "No box is unsure";
  byId("review-next").disabled = byId("review-previous").disabled = !unsure;
  byId("corrections-count").textContent =
    `${counted(corrections, "decision", "decisions")}, ${checked} of ${pageSet.pages.length} pages checked`;
  byId("export-checked").disabled = !checked;
  byId("forget").disabled = !corrections && !checked;
  listDoubtfulPages();
  listMissingLabels();
  [...byId("page-list").options].forEach((option, number) => {
    const page = pageSet.pages[number];
    option.textContent = `${number + 1} · ${page.id}${page.corrected ? " (corrected)" : ""}${checkedPages.has(page.id) ? " ✓" : ""}`;
  });
}

function refresh() {
  drawPage();
  updateCounts();
  if (byId("query").value.trim()) search();
}

function moveSelection(step) {
  const {kept} = currentBoxes(view.page);
  const at = kept.findIndex((box) => box.key === view.selected);
  const next = at < 0 ? kept[step > 0 ? 0 : kept.length - 1] : kept[at + step];
  if (!next) return;
  select(next.key);
  if (columns.contains(document.activeElement)) columns.querySelector(".selected").focus();
}

function checkPage(checked) {
  const {id} = pageSet.pages[view.page];
  if (checked) checkedPages.add(id);
  else checkedPages.delete(id);
  byId("checked").checked = checked;
  saveCorrections();
  updateCounts();
  say(checked ? "Page checked" : "Page not checked");
}

async function importLabels(file) {
  try {
    const checked = /^_checked\b/.test(file.name.replace(pageSet.name, ""));
    const pages = readLabels(await file.text(), checked);
    refresh();
    byId("checked").checked = checkedPages.has(pageSet.pages[view.page].id);
    if (pages) say(`Labels of ${counted(pages, "page", "pages")} taken from ${file.name}`);
    else complain(`${file.name} has none of these pages.`);
  } catch (error) {
    complain(`${file.name}: ${error.message}. Nothing was taken.`);
  }
}

const escape = () => {
  if (draft.on) {
    toggleDrawing(false);
    select(null);
  } else if (document.activeElement.matches("input")) {
    document.activeElement.blur();
  } else {
    select(null);
  }
};

const keys = {
  ArrowLeft: () => showPage(view.page + 1),
  ArrowRight: () => showPage(view.page - 1),
  Home: () => showPage(0),
  End: () => showPage(pageSet.pages.length - 1),
  ArrowDown: () => moveSelection(1),
  ArrowUp: () => moveSelection(-1),
  n: () => nextUnsure(1),
  p: () => nextUnsure(-1),
  a: accept,
  x: reject,
  r: restore,
  u: () => selectedBox()?.decision && correct(null),
  e: () => selectedBox() && byId("typed").focus(),
  d: () => toggleDrawing(!draft.on),
  t: nextPageToCheck,
  m: () => pageSet.labelled && nextMissingLabel(),
  c: () => checkPage(!byId("checked").checked),
  "/": () => byId("query").focus(),
  "+": () => zoomTo(1.4 * view.zoom),
  "=": () => zoomTo(1.4 * view.zoom),
  "-": () => zoomTo(view.zoom / 1.4),
  0: () => zoomTo(1),
  "?": () => byId("help").showModal(),
  Escape: escape,
};
for (let place = 0; place < 9; place++) keys[place + 1] = () => takeAlternative(place);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || byId("help").open) return;
  const typing = event.target.matches("input:not([type=checkbox]), select");
  if ((typing && event.key !== "Escape") || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});

for (const [panel, focus] of [[drawing, false], [columns, true]]) {
  panel.addEventListener("pointerover", (event) => {
    const at = event.target.closest("[data-box]");
    if (at && event.pointerType !== "touch") point(Number(at.dataset.box), at);
  });
  panel.addEventListener("pointerout", hideTooltip);
  panel.addEventListener("click", (event) => {
    const at = event.target.closest("[data-box]");
    if (!at || draft.on) return;
    select(view.shown[at.dataset.box].key, !focus);
    if (focus) at.focus({preventScroll: true});
  });
}
columns.addEventListener("focusin", (event) => {
  const at = event.target.closest("[data-box]");
  if (at && view.shown[at.dataset.box].key !== view.selected) select(view.shown[at.dataset.box].key, false);
});
// Vertical text goes on to the left: a plain mouse wheel moves along it.
columns.addEventListener("wheel", (event) => {
  if (event.deltaX || event.ctrlKey || columns.scrollWidth <= columns.clientWidth) return;
  event.preventDefault();
  columns.scrollLeft -= event.deltaY;
}, {passive: false});
drawing.addEventListener("pointerdown", startDraft);
drawing.addEventListener("pointermove", stretchDraft);
drawing.addEventListener("pointerup", endDraft);

on("next-page", "click", keys.ArrowLeft);
on("previous-page", "click", keys.ArrowRight);
on("page-list", "change", (event) => showPage(Number(event.target.value)));
on("zoom-in", "click", keys["+"]);
on("zoom-out", "click", keys["-"]);
on("zoom-fit", "click", keys[0]);
on("show-rejected", "change", (event) => drawing.classList.toggle("without-rejected", !event.target.checked));
on("open-help", "click", keys["?"]);
on("close-details", "click", () => select(null));
on("accept", "click", accept);
on("reject", "click", reject);
on("restore", "click", restore);
on("undo", "click", keys.u);
on("type", "submit", (event) => {
  event.preventDefault();
  takeTyped(byId("typed").value);
});
on("review-next", "click", keys.n);
on("review-previous", "click", keys.p);
on("review-page", "click", nextPageToCheck);
on("copy-text", "click", () => copyText(true));
on("copy-without-ruby", "click", () => copyText(false));
on("threshold", "input", refresh);
let waiting;
for (const id of ["query", "in-alternatives", "with-variants"]) {
  on(id, "input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 150);
  });
}
on("search", "submit", (event) => {
  event.preventDefault();
  search();
  byId("hits").querySelector("button")?.click();
});
on("checked", "change", (event) => checkPage(event.target.checked));
on("draw", "click", keys.d);
on("export", "click", () => download(`${pageSet.name}.csv`, writeLabels([...pageSet.pages.keys()])));
on("export-checked", "click", () => {
  const numbers = [...pageSet.pages.keys()].filter((number) => checkedPages.has(pageSet.pages[number].id));
  download(`${pageSet.name}_checked.csv`, writeLabels(numbers));
});
if (pageSet.labelled) {
  on("missing-next", "click", nextMissingLabel);
  on("export-completed", "click", () => download(`${pageSet.name}_completed.csv`, writeCompletedLabels([...pageSet.pages.keys()])));
}
on("export-text", "click", () => {
  download(`${pageSet.name}.txt`, writeText([...pageSet.pages.keys()]), "text/plain");
});
on("import", "change", async (event) => {
  await importLabels(event.target.files[0]);
  event.target.value = "";
});
on("forget", "click", () => {
  if (!confirm("Forget all corrections of this page set? Export them first to keep them.")) return;
  forgetCorrections();
  refresh();
  byId("checked").checked = false;
});
addEventListener("resize", resizeSheet);
addEventListener("storage", (event) => {
  if (event.key !== pageSet.storage) return; // another window with this page set
  loadCorrections();
  refresh();
});
addEventListener("hashchange", () => openHash());

function openHash() {
  const number = pageSet.pages.findIndex((page) => `#${encodeURIComponent(page.id)}` === location.hash);
  if (number >= 0 && number !== view.page) showPage(number);
  return number;
}

threshold.value = pageSet.review;
byId("page-list").replaceChildren(...pageSet.pages.map((page, number) => element("option", {value: number})));
loadCorrections();
if (openHash() <= 0) showPage(0);
updateCounts();
