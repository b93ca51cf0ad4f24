// The page on the left and its text beside it, linked both ways.

const view = {page: 0, selected: null, zoom: 1, shown: []}; // shown: the boxes by the number that their elements carry
const loaded = new Map(); // page number -> Image: this page's and its neighbours', so that only a few are decoded

const sheet = byId("sheet");
const scroll = byId("scroll");
const picture = byId("image");
const drawing = byId("boxes");
const columns = byId("columns");
const tooltip = byId("tooltip");

function loadImage(number) {
  if (!loaded.has(number)) {
    const image = new Image();
    image.src = imageSource(number);
    loaded.set(number, image);
  }
  return loaded.get(number);
}

function showPage(number, select = null) {
  view.page = Math.max(0, Math.min(pageSet.pages.length - 1, number));
  const page = pageSet.pages[view.page];
  toggleDrawing(false);
  for (const other of [...loaded.keys()]) if (Math.abs(other - view.page) > 1) loaded.delete(other);
  picture.src = loadImage(view.page).src;
  picture.alt = `Page ${page.id}`;
  drawing.setAttribute("viewBox", `0 0 ${page.width} ${page.height}`);
  byId("page-list").value = view.page;
  byId("next-page").disabled = view.page === pageSet.pages.length - 1;
  byId("previous-page").disabled = view.page === 0;
  byId("checked").checked = checkedPages.has(page.id);
  byId("page-confidence").textContent = page.corrected ? "This page is corrected" : `This page: ${confidenceOf(view.page)}`;
  location.replace(`#${encodeURIComponent(page.id)}`);
  resizeSheet();
  view.selected = select;
  drawPage();
  markSelected(true);
  if (!select) {
    scroll.scrollTo(0, 0);
    columns.scrollTo(0, 0);
  }
  say(`Page ${view.page + 1} of ${pageSet.pages.length}, ${page.id}`);
  setTimeout(() => {
    for (const other of [view.page + 1, view.page - 1]) if (pageSet.pages[other]) loadImage(other);
  });
}

function goTo(page, key) {
  if (page === view.page) select(key);
  else showPage(page, key);
}

function resizeSheet() {
  const {width, height} = pageSet.pages[view.page];
  const fit = Math.min((scroll.offsetWidth - 12) / width, (scroll.offsetHeight - 12) / height);
  sheet.style.width = `${Math.max(1, fit * view.zoom * width)}px`;
  sheet.style.height = `${Math.max(1, fit * view.zoom * height)}px`;
}

function zoomTo(zoom) {
  const middle = {
    x: (scroll.scrollLeft + scroll.clientWidth / 2) / sheet.clientWidth,
    y: (scroll.scrollTop + scroll.clientHeight / 2) / sheet.clientHeight,
  };
  view.zoom = Math.max(1, Math.min(8, zoom));
  resizeSheet();
  scroll.scrollTo(middle.x * sheet.clientWidth - scroll.clientWidth / 2, middle.y * sheet.clientHeight - scroll.clientHeight / 2);
}

// Draws boxes and text anew; the selected one stays selected if it is still there.
function drawPage() {
  const {kept, rejected} = currentBoxes(view.page);
  view.shown = [...kept, ...rejected];
  if (!view.shown.some((box) => box.key === view.selected)) view.selected = null;
  hideTooltip();
  drawing.replaceChildren(...[...rejected, ...kept].flatMap((box) => drawBox(box, view.shown.indexOf(box))));
  drawText(kept);
  showDetails();
  markSelected();
}

function drawBox(box, number) {
  const missing = box.missing !== undefined && !box.decision;
  const kind = `${box.kept ? "" : "rejected"} ${missing ? "missing" : ""} ${box.decision && box.decision !== "accepted" ? "changed" : ""}`;
  return ["halo", "box"].map((layer) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const side of ["x", "y", "width", "height"]) made.setAttribute(side, box[side]);
    made.setAttribute("class", `${layer} ${kind}`);
    if (layer === "box") made.dataset.box = number;
    made.style.setProperty("--doubt", `${100 * doubt(box)}%`);
    return made;
  });
}

// Columns of vertical text. Ruby stands beside its character, a note's two lines beside each other.
function drawText(kept) {
  const lines = [], lengths = new Map(); // of columns, in characters, so that the longest one fits
  for (const {column, role} of kept) {
    lengths.set(column, (lengths.get(column) ?? 0) + {text: 1, ruby: 0, note: 0.4}[role]);
  }
  columns.style.setProperty("--longest", Math.max(10, ...lengths.values()));
  let last = {}, base = null, note = null;
  kept.forEach((box, number) => {
    if (box.column !== last.column) {
      const kind = last.block !== undefined && box.block !== last.block ? "column block" : "column";
      lines.push(element("p", {class: kind, role: "group", "aria-label": `Column ${lines.length + 1}`}));
      base = null;
    }
    const character = drawCharacter(box, number);
    if (box.role === "ruby" && base) {
      if (base.localName !== "ruby") {
        const ruby = element("ruby");
        base.replaceWith(ruby);
        ruby.append(base, element("rt"));
        base = ruby;
      }
      base.lastChild.append(character);
    } else if (box.role === "note") {
      if (last.role !== "note" || box.column !== last.column) {
        note = element("span", {class: "note"});
        lines.at(-1).append(note);
      }
      if (!note.lastChild || box.line !== last.line) note.append(element("span"));
      note.lastChild.append(character);
      base = character;
    } else {
      lines.at(-1).append(character);
      base = character;
    }
    if (box.role !== "ruby") last = box;
  });
  columns.replaceChildren(...(lines.length ? lines : [element("p", {class: "empty", lang: "en"}, "Nothing was read on this page.")]));
}

function drawCharacter(box, number) {
  const made = element("span", {
    class: `character ${isUnsure(box) ? "unsure" : ""} ${box.decision && box.decision !== "accepted" ? "changed" : ""}`,
    role: "option", tabindex: -1, "data-box": number, "aria-selected": "false",
    "aria-label": `${box.character}, ${codepoint(box.character)}, ${percent(box.probability)}`,
  }, box.character);
  made.style.setProperty("--doubt", `${100 * doubt(box)}%`);
  return made;
}

// 0 for a sure reading, 1 from even odds downwards: the shade of its box. People are sure of what they decided.
function doubt(box) {
  return box.decision ? 0 : Math.min(1, Math.max(0, 2 - 2 * Math.min(box.probability, box.kept ? box.keep_probability : 1)));
}

function selectedBox() {
  return view.shown.find((box) => box.key === view.selected) ?? null;
}

function elementsOf(number) {
  return document.querySelectorAll(`[data-box="${number}"]`);
}

function select(key, follow = true) {
  if (key && draft.key) toggleDrawing(false); // what is typed next is of this box
  view.selected = key;
  showDetails();
  markSelected(follow);
}

// `follow`: on a phone, where page and text do not both fit, the page comes into sight.
function markSelected(follow = false) {
  for (const marked of document.querySelectorAll(".selected")) {
    marked.classList.remove("selected");
    if (marked.getAttribute("role") === "option") marked.setAttribute("aria-selected", "false");
    if (marked.tabIndex === 0) marked.tabIndex = -1;
  }
  const number = view.shown.findIndex((box) => box.key === view.selected);
  for (const marked of elementsOf(number)) {
    marked.classList.add("selected");
    if (marked.getAttribute("role") === "option") {
      marked.setAttribute("aria-selected", "true");
      marked.tabIndex = 0;
    }
    keepInSight(marked);
    if (follow && drawing.contains(marked)) keepAboveDetails(marked);
  }
  if (number < 0 || !view.shown[number].kept) columns.querySelector("[role=option]")?.setAttribute("tabindex", "0");
}

// Scrolls the panel alone, not the whole document, until the element is well inside it.
function keepInSight(marked) {
  const panel = columns.contains(marked) ? columns : scroll;
  const inner = marked.getBoundingClientRect(), outer = panel.getBoundingClientRect();
  const margin = 24;
  if (inner.left < outer.left + margin || inner.right > outer.right - margin) {
    panel.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
  }
  if (inner.top < outer.top + margin || inner.bottom > outer.bottom - margin) {
    panel.scrollTop += (inner.top + inner.bottom - outer.top - outer.bottom) / 2;
  }
}

function keepAboveDetails(marked) {
  const details = byId("details");
  if (getComputedStyle(details).position !== "fixed") return;
  const inner = marked.getBoundingClientRect();
  const top = document.querySelector("header").getBoundingClientRect().bottom, bottom = details.getBoundingClientRect().top;
  if (inner.top < top || inner.bottom > bottom) scrollBy(0, (inner.top + inner.bottom - top - bottom) / 2);
}

function point(number, at) {
  hideTooltip();
  const box = view.shown[number];
  const marked = elementsOf(number);
  for (const one of marked) one.classList.add("pointed");
  const others = box.alternatives.filter(([character]) => character !== box.character).slice(0, 5);
  tooltip.replaceChildren(
    element("p", {}, element("span", {class: "big", lang: "ja"}, box.character), codepoint(box.character)),
    element("p", {}, box.decision ? `${box.decision} by hand` : `${percent(box.probability)} sure${box.kept ? "" : ", rejected"}`),
  );
  if (others.length) {
    const list = element("p", {class: "others"}, "or ");
    for (const [character, probability] of others) {
      list.append(element("span", {lang: "ja"}, character), ` ${percent(probability)}  `);
    }
    tooltip.append(list);
  }
  tooltip.hidden = false;
  const around = at.getBoundingClientRect(), size = tooltip.getBoundingClientRect();
  const left = around.right + 10 + size.width < innerWidth ? around.right + 10 : around.left - size.width - 10;
  tooltip.style.left = `${Math.max(4, left)}px`;
  tooltip.style.top = `${Math.max(4, Math.min(innerHeight - size.height - 4, around.top - 6))}px`;
}

function hideTooltip() {
  tooltip.hidden = true;
  for (const marked of document.querySelectorAll(".pointed")) marked.classList.remove("pointed");
}
