// Finding characters, or strings of them in reading order, on all pages.

const MOST_HITS = 300; // listed

// Every place where the query stands: {page, boxes}. With `anywhere`, an alternative of a box counts like its reading.
function findText(query, anywhere) {
  const wanted = [...query.replace(/U\+[0-9A-F]{4,6}/gi, (name) => characterFrom(name) ?? name).normalize("NFC")];
  const sought = wanted.filter((character) => character.trim());
  const hits = [];
  if (!sought.length) return hits;
  const matches = (box, character) =>
    box.character === character || (anywhere && !box.decision && box.alternatives.some(([other]) => other === character));
  for (let page = 0; page < pageSet.pages.length; page++) {
    const {kept} = currentBoxes(page);
    for (let start = 0; start + sought.length <= kept.length; start++) {
      if (sought.every((character, place) => matches(kept[start + place], character))) {
        hits.push({page, start, length: sought.length});
      }
    }
  }
  return hits;
}

function search() {
  const query = byId("query").value;
  const hits = findText(query, byId("in-alternatives").checked);
  const pages = new Set(hits.map((hit) => hit.page)).size;
  const count = query.trim() ? `${hits.length} hits on ${pages} pages` : "";
  byId("hit-count").textContent =
    hits.length > MOST_HITS ? `${count}; the first ${MOST_HITS} are listed` : count;
  byId("hits").replaceChildren(...hits.slice(0, MOST_HITS).map(listHit));
}

function listHit({page, start, length}) {
  const {kept} = currentBoxes(page);
  const text = (from, to) => kept.slice(Math.max(0, from), to).map((box) => box.character).join("");
  const made = element("button", {},
    element("span", {lang: "ja"}, text(start - 6, start),
      element("mark", {}, text(start, start + length)), text(start + length, start + length + 6)),
    element("small", {}, pageSet.pages[page].id));
  made.addEventListener("click", () => {
    goTo(page, kept[start].key);
  });
  return element("li", {}, made);
}
