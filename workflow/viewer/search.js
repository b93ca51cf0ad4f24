// Finding characters, or strings of them in reading order, on all pages.

const MOST_HITS = 300; // listed

// What is read without ruby, and the ruby.
function runsOf(page) {
  const {kept} = currentBoxes(page);
  return [kept.filter((box) => box.role !== "ruby"), kept.filter((box) => box.role === "ruby")];
}

// Every place where the query stands: {page, run, start, length}, `run` the boxes among which it was found. With `anywhere`, an alternative of a box counts like its reading.
function findText(query, anywhere) {
  const wanted = [...query.replace(/U\+[0-9A-F]{4,6}/gi, (name) => characterFrom(name) ?? name).normalize("NFC")];
  const sought = wanted.filter((character) => character.trim());
  const hits = [];
  if (!sought.length) return hits;
  const matches = (box, character) =>
    box.character === character || (anywhere && !box.decision && box.alternatives.some(([other]) => other === character));
  for (let page = 0; page < pageSet.pages.length; page++) {
    for (const run of runsOf(page)) {
      for (let start = 0; start + sought.length <= run.length; start++) {
        if (sought.every((character, place) => matches(run[start + place], character))) {
          hits.push({page, run, start, length: sought.length});
        }
      }
    }
  }
  return hits;
}

function search() {
  const query = byId("query").value;
  const hits = findText(query, byId("in-alternatives").checked);
  const pages = new Set(hits.map((hit) => hit.page)).size;
  const count = query.trim() ? `${counted(hits.length, "hit", "hits")} on ${counted(pages, "page", "pages")}` : "";
  byId("hit-count").textContent =
    hits.length > MOST_HITS ? `${count}; the first ${MOST_HITS} are listed` : count;
  byId("hits").replaceChildren(...hits.slice(0, MOST_HITS).map(listHit));
}

function listHit({page, run, start, length}) {
  const text = (from, to) => run.slice(Math.max(0, from), to).map((box) => box.character).join("");
  const made = element("button", {},
    element("span", {lang: "ja"}, text(start - 6, start),
      element("mark", {}, text(start, start + length)), text(start + length, start + length + 6)),
    element("small", {}, pageSet.pages[page].id));
  made.addEventListener("click", () => {
    goTo(page, run[start].key);
  });
  return element("li", {}, made);
}
