// What people decided about boxes: {kept, character, drawn}. A decision belongs to a page and a rectangle, so that it
// outlives another run of the workflow; a box that people drew (drawn: true) is nothing but a decision.

let decisions = new Map(); // page id -> Map of rectangle -> decision
let checkedPages = new Set(); // page ids
const currentPages = new Map(); // page number -> its boxes with the decisions applied, until one changes

function rectangle(box) {
  return `${box.x} ${box.y} ${box.width} ${box.height}`;
}

function loadCorrections() {
  try {
    if (!localStorage.getItem(pageSet.storage)) moveFormerCorrections();
    const stored = JSON.parse(localStorage.getItem(pageSet.storage)) ?? {decisions: [], checked: []};
    decisions = new Map(stored.decisions.map(([id, page]) => [id, new Map(page)]));
    checkedPages = new Set(stored.checked);
  } catch (error) {
    warn(`Earlier corrections cannot be read from this browser's storage (${error.message}).`);
  }
  currentPages.clear();
}

// Those that were stored under another name before, if they are of these pages: another folder may have had the name.
function moveFormerCorrections() {
  const ids = new Set(pageSet.pages.map(({id}) => id));
  const former = pageSet.former_storage.find((name) => {
    const stored = JSON.parse(localStorage.getItem(name));
    return stored && [...stored.decisions.map(([id]) => id), ...stored.checked].every((id) => ids.has(id));
  });
  if (!former) return;
  localStorage.setItem(pageSet.storage, localStorage.getItem(former));
  localStorage.removeItem(former);
}

function saveCorrections() {
  const stored = {decisions: [...decisions].map(([id, page]) => [id, [...page]]), checked: [...checkedPages]};
  try {
    localStorage.setItem(pageSet.storage, JSON.stringify(stored));
  } catch (error) {
    warn(`This browser does not store the corrections (${error.message}): export them before you close the page.`);
  }
}

// Sets (or with null takes back) the decision about one rectangle of a page.
function decide(number, key, decision) {
  const id = pageSet.pages[number].id;
  if (!decisions.has(id)) decisions.set(id, new Map());
  if (decision) decisions.get(id).set(key, decision);
  else decisions.get(id).delete(key);
  if (!decisions.get(id).size) decisions.delete(id);
  currentPages.delete(number);
  saveCorrections();
}

// The boxes of a page as they now stand: {kept: in reading order, rejected}. Each has `key`, `was` (what the workflow
// read, null for a drawn box) and `decision` (null, accepted, changed, rejected, restored, drawn).
function currentBoxes(number) {
  if (!currentPages.has(number)) {
    const open = adoptDecisions(number);
    const kept = [], rejected = [], late = [];
    for (const was of readBoxes(number)) {
      const key = rectangle(was);
      const decided = open.get(key) ?? null;
      open.delete(key);
      const box = {...was, ...decided, key, was, decision: decided && decisionName(was, decided)};
      if (!box.kept) rejected.push(box);
      else if (was.kept) kept.push(box);
      else late.push(box);
    }
    for (const [key, decided] of open) {
      if (!decided.drawn) continue; // about a box that is no longer read
      const [x, y, width, height] = key.split(" ").map(Number);
      late.push({x, y, width, height, probability: 1, keep_probability: 1, alternatives: [], role: "text", ...decided,
        key, was: null, decision: "drawn"});
    }
    for (const box of late) insertInText(kept, box);
    currentPages.set(number, {kept, rejected});
  }
  return currentPages.get(number);
}

// A copy of a page's decisions. Those about boxes that are no longer read just so, since the workflow ran anew, go over to
// the undecided boxes that overlap them most.
function adoptDecisions(number) {
  const page = decisions.get(pageSet.pages[number].id) ?? new Map();
  const boxes = new Map(readBoxes(number).map((box) => [rectangle(box), box]));
  for (const [key, decided] of [...page]) {
    if (decided.drawn || boxes.has(key)) continue;
    const [x, y, width, height] = key.split(" ").map(Number);
    let best = null, most = 0.5;
    for (const [other, box] of boxes) {
      const shared = overlap({x, y, width, height}, box);
      if (shared >= most && !page.has(other)) [best, most] = [other, shared];
    }
    if (best) {
      page.delete(key);
      page.set(best, decided);
    }
  }
  return new Map(page);
}

// Intersection over union.
function overlap(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const shared = Math.max(0, width) * Math.max(0, height);
  return shared / (a.width * a.height + b.width * b.height - shared);
}

function decisionName(was, decided) {
  if (!decided.kept) return "rejected";
  if (!was.kept) return "restored";
  return decided.character === was.character ? "accepted" : "changed";
}

// Puts a box into the text: below the character above it in its column, else above the one below it, else as a column
// of its own after the nearest column to the right.
function insertInText(kept, box) {
  const middle = (other) => ({x: other.x + other.width / 2, y: other.y + other.height / 2});
  const {x, y} = middle(box);
  let above = -1, below = -1, right = -1;
  kept.forEach((other, place) => {
    if (other.role === "ruby") return;
    const at = middle(other);
    if (Math.abs(at.x - x) < (other.width + box.width) / 3) {
      if (at.y <= y && (above < 0 || at.y >= middle(kept[above]).y)) above = place;
      if (at.y > y && (below < 0 || at.y < middle(kept[below]).y)) below = place;
    } else if (at.x > x && (right < 0 || at.x <= middle(kept[right]).x || other.column === kept[right].column)) {
      right = place;
    }
  });
  const afterRuby = (place) => (kept[place + 1]?.role === "ruby" ? afterRuby(place + 1) : place + 1);
  const like = (other) => Object.assign(box, {block: other.block, column: other.column, line: other.line, role: other.role});
  if (above >= 0) kept.splice(afterRuby(above), 0, like(kept[above]));
  else if (below >= 0) kept.splice(below, 0, like(kept[below]));
  else if (right >= 0) {
    const {block, column} = kept[right];
    kept.splice(afterRuby(right), 0, Object.assign(box, {block, column: column + 0.5, role: "text"}));
  } else {
    kept.unshift(Object.assign(box, {block: kept[0]?.block, column: -1, role: "text"}));
  }
}

function warn(text) {
  byId("storage-problem").textContent = text;
}

function correctionCount() {
  let count = 0;
  pageSet.pages.forEach(({id}, number) => {
    if (decisions.has(id)) count += orderOf(number).filter((box) => box.decision).length;
  });
  return count;
}

function forgetCorrections() {
  for (const {id} of pageSet.pages) {
    decisions.delete(id);
    checkedPages.delete(id);
  }
  currentPages.clear();
  saveCorrections();
}
