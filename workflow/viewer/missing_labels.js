// Labelled pages: characters that the labels seem to miss, to accept or to reject, and the labels with those that were
// accepted. What people decided is no longer listed.

const MOST_LISTED = 300;
let visited = null; // the box of the list that was looked at last, {page, key, place}

function missingLabels() {
  const found = [];
  for (let page = 0; page < pageSet.pages.length; page++) {
    for (const box of currentBoxes(page).kept) {
      if (box.missing !== undefined && !box.decision) found.push({page, box, place: box.missing});
    }
  }
  return found.sort((a, b) => a.place - b.place);
}

function listMissingLabels() {
  if (!pageSet.labelled) return;
  const missing = missingLabels();
  const count = counted(missing.length, "sure box has", "sure boxes have");
  byId("missing-count").textContent = missing.length ? `${count} no label` : "Every sure box has a label or a decision";
  byId("missing-next").disabled = !missing.length;
  byId("missing").replaceChildren(...missing.slice(0, MOST_LISTED).map((one) => {
    const made = element("button", {},
      element("span", {lang: "ja"}, one.box.character),
      element("small", {}, `${pageSet.pages[one.page].id}, ${percent(confidenceIn(one.box))}`));
    made.addEventListener("click", () => visit(one));
    return element("li", {}, made);
  }));
}

function confidenceIn(box) {
  return Math.min(1, box.probability) * box.keep_probability;
}

function visit({page, box, place}) {
  goTo(page, box.key);
  visited = {page, key: box.key, place};
}

// Whether people came to this box by the list, and go on there after a decision.
function isVisited(box) {
  return visited !== null && visited.page === view.page && visited.key === box.key;
}

// The next one in the list, around its end.
function nextMissingLabel() {
  const missing = missingLabels();
  const next = missing.find(({place}) => place > (visited?.place ?? -1)) ?? missing[0];
  if (next) visit(next);
  else say("Every sure box has a label or a decision");
}

// The labels of a page as they were: [text of the label, its rectangle].
function knownLabels(number) {
  const values = byId(`labels-${number}`).textContent.split(" ").filter(Boolean);
  return Array.from({length: values.length / 5}, (_, label) => {
    const [, x, y, width, height] = values.slice(5 * label, 5 * label + 5).map(Number);
    return [values.slice(5 * label, 5 * label + 5).join(" "), {x, y, width, height}];
  });
}

// As the workflow tells it: the middle of one lies inside the other.
function sharePlace(a, b) {
  const holds = (outer, {x, y, width, height}) => {
    const middle = [x + width / 2, y + height / 2];
    return outer.x < middle[0] && middle[0] < outer.x + outer.width && outer.y < middle[1] && middle[1] < outer.y + outer.height;
  };
  return holds(a, b) || holds(b, a);
}

// The labels of the given pages, and after them the boxes that people accepted, restored or drew where there is none.
function writeCompletedLabels(numbers) {
  return writeLabelFile(numbers, (number) => {
    const known = knownLabels(number);
    const accepted = currentBoxes(number).kept.filter((box) => box.decision && !known.some(([, label]) => sharePlace(label, box)));
    return [...known.map(([label]) => label), ...accepted.map(labelOf)];
  });
}
