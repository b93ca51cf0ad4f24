// From one unsure box to the next, over all pages.

const threshold = byId("threshold");

// A kept box is unsure of its character or of being one; a rejected box is unsure if it was nearly kept. What people
// decided is settled.
function isUnsure(box) {
  if (box.decision) return false;
  const least = Number(threshold.value);
  return box.kept ? Math.min(box.probability, box.keep_probability) < least : box.keep_probability > 1 - least;
}

function orderOf(page) {
  const {kept, rejected} = currentBoxes(page);
  return [...kept, ...rejected];
}

function unsureCount() {
  let count = 0;
  for (let page = 0; page < pageSet.pages.length; page++) count += orderOf(page).filter(isUnsure).length;
  return count;
}

// The next (1) or previous (-1) unsure box from the selected one, around the end of the page set: {page, key} or null.
function findUnsure(step) {
  const count = pageSet.pages.length;
  const place = orderOf(view.page).findIndex((box) => box.key === view.selected);
  for (let turn = 0; turn <= count; turn++) {
    const page = (view.page + step * turn + count) % count;
    const order = orderOf(page);
    const from = turn ? (step > 0 ? 0 : order.length - 1) : place < 0 && step < 0 ? order.length - 1 : place + step;
    for (let at = from; at >= 0 && at < order.length; at += step) {
      if (isUnsure(order[at])) return {page, key: order[at].key};
    }
  }
  return null;
}

// How many characters of a page are likely to be wrong: people should look at the page with most first.
function expectedErrors(page) {
  let errors = 0;
  for (const box of currentBoxes(page).kept) errors += box.decision ? 0 : 1 - Math.min(box.probability, box.keep_probability);
  return errors;
}

// Goes through the pages that are not checked, those with the most expected errors first, and after the last one begins again.
// Pages on which nothing was read come last.
function nextPageToCheck() {
  const waiting = [...pageSet.pages.keys()].filter((page) => !pageSet.pages[page].corrected && !checkedPages.has(pageSet.pages[page].id));
  const errors = new Map(waiting.map((page) => [page, expectedErrors(page)]));
  waiting.sort((a, b) => errors.get(b) - errors.get(a));
  const next = waiting[(waiting.indexOf(view.page) + 1) % waiting.length];
  if (next === undefined || next === view.page) say("No other page is left to check");
  else showPage(next);
}

// The pages that can hardly be believed and nobody has checked, the least sure ones first, each with the reason.
function listDoubtfulPages() {
  const doubtful = [...pageSet.pages.entries()].filter(([, {id, note}]) => note && !checkedPages.has(id));
  doubtful.sort(([, a], [, b]) => a.confidence - b.confidence);
  byId("doubtful-pages").hidden = !doubtful.length;
  byId("doubtful-count").textContent = doubtful.length;
  byId("doubtful-pages").querySelector("ol").replaceChildren(...doubtful.map(([number, {id}]) => {
    const made = element("button", {}, id, element("small", {}, confidenceOf(number)));
    made.addEventListener("click", () => showPage(number));
    return element("li", {}, made);
  }));
}

function nextUnsure(step) {
  const found = findUnsure(step);
  if (found) goTo(found.page, found.key);
  else say("No box is unsure");
}
