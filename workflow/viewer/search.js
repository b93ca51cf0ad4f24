// Finding characters, or strings of them in reading order, on all pages.

const MOST_HITS = 300; // listed
const LEAST_PROBABILITY = 0.05; // of what a box may be, to be found

// What is read without ruby, and the ruby.
function runsOf(page) {
  const {kept} = currentBoxes(page);
  return [kept.filter((box) => box.role !== "ruby"), kept.filter((box) => box.role === "ruby")];
}

// Every place where the query stands: {page, run, start, length, probability}, `run` the boxes among which
// it was found. With `anywhere`, an alternative of a box that is not too improbable counts too, and the likeliest come first.
// With `loosely`, variants of a character count as itself.
function findText(query, anywhere, loosely) {
  const wanted = [...query.replace(/U\+[0-9A-F]{4,6}/gi, (name) => characterFrom(name) ?? name).normalize("NFC")];
  const sought = wanted.filter((character) => character.trim())
    .map((character) => new Set([character, ...((loosely && pageSet.variants[character]) || "")]));
  const hits = [];
  if (!sought.length) return hits;
  const shareOf = (box, characters) => {
    if (characters.has(box.character)) return 1;
    if (!anywhere || box.decision) return 0;
    let share = 0;
    for (const [other, probability] of box.alternatives) if (characters.has(other)) share += probability;
    return share < LEAST_PROBABILITY ? 0 : share;
  };
  for (let page = 0; page < pageSet.pages.length; page++) {
    for (const run of runsOf(page)) {
      for (let start = 0; start + sought.length <= run.length; start++) {
        let probability = 1;
        for (let place = 0; place < sought.length && probability; place++) {
          probability *= shareOf(run[start + place], sought[place]);
        }
        if (probability) hits.push({page, run, start, length: sought.length, probability});
      }
    }
  }
  return anywhere ? hits.sort((a, b) => b.probability - a.probability) : hits; // the order of pages stays among equals
}

function search() {
  const query = byId("query").value;
  const hits = findText(query, byId("in-alternatives").checked, byId("with-variants").checked);
  const pages = new Set(hits.map((hit) => hit.page)).size;
  const count = query.trim() ? `${counted(hits.length, "hit", "hits")} on ${counted(pages, "page", "pages")}` : "";
  byId("hit-count").textContent =
    hits.length > MOST_HITS ? `${count}; the first ${MOST_HITS} are listed` : count;
  byId("hits").replaceChildren(...hits.slice(0, MOST_HITS).map(listHit));
}

function listHit({page, run, start, length, probability}) {
  const text = (from, to) => run.slice(Math.max(0, from), to).map((box) => box.character).join("");
  const made = element("button", {},
    element("span", {lang: "ja"}, text(start - 6, start),
      element("mark", {}, text(start, start + length)), text(start + length, start + length + 6)),
    element("small", {}, `${pageSet.pages[page].id}${probability < 1 ? `, ${percent(probability)}` : ""}`));
  made.addEventListener("click", () => {
    goTo(page, run[start].key);
  });
  return element("li", {}, made);
}
