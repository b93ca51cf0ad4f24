// Labels in the layout of the competition's train.csv: `image_id,labels`, a page's labels a run of
// `codepoint x y width height`.

function writeLabels(numbers) {
  return writeLabelFile(numbers, (number) => currentBoxes(number).kept.map(labelOf));
}

function labelOf(box) {
  return `${codepoint(box.character)} ${box.key}`;
}

// `labels`: a function that gives the labels of a page.
function writeLabelFile(numbers, labels) {
  const rows = numbers.map((number) => `${csvValue(pageSet.pages[number].id)},${labels(number).join(" ")}\n`);
  return `image_id,labels\n${rows.join("")}`;
}

function csvValue(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function parseCsv(text) {
  const rows = [[]];
  const value = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  text = text.replace(/^\ufeff/, "");
  while (value.lastIndex < text.length) {
    const found = value.exec(text);
    if (!found) throw new Error(`row ${rows.length}: a quotation mark is not closed or stands inside a value`);
    rows.at(-1).push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    if (found[3] !== ",") rows.push([]);
    else if (value.lastIndex === text.length) rows.at(-1).push("");
  }
  return rows.filter((row) => row.length && row.join("") !== "");
}

// Takes the labels of a file for the pages that it has: they replace these pages' corrections, and the pages are `checked`
// if they were when the file was exported. Returns how many pages were taken; throws, having changed nothing, where the
// file is not in the layout.
function readLabels(text, checked) {
  const [header, ...rows] = parseCsv(text);
  if (header?.join() !== "image_id,labels") throw new Error("row 1: the columns must be `image_id,labels`");
  const numbers = new Map(pageSet.pages.map((page, number) => [page.id, number]));
  const pages = new Map();
  rows.forEach((row, index) => {
    const place = `row ${index + 2}`;
    if (row.length !== 2) throw new Error(`${place}: needs two values, has ${row.length}`);
    const values = row[1].split(/\s+/).filter(Boolean);
    if (values.length % 5) throw new Error(`${place}: ${values.length} values are no run of \`codepoint x y width height\``);
    const labels = new Map();
    for (let start = 0; start < values.length; start += 5) {
      const [name, ...numbers] = values.slice(start, start + 5);
      const character = name.startsWith("U+") ? characterFrom(name) : null;
      if (!character) throw new Error(`${place}: ${name} is no codepoint such as U+3042`);
      if (!numbers.every((number) => /^-?\d+$/.test(number)) || numbers[2] < 1 || numbers[3] < 1) {
        throw new Error(`${place}: \`${numbers.join(" ")}\` must be whole pixels x y width height`);
      }
      labels.set(numbers.map(Number).join(" "), character);
    }
    if (numbers.has(row[0])) pages.set(numbers.get(row[0]), labels);
  });
  for (const [number, labels] of pages) {
    takeLabels(number, labels);
    if (checked) checkedPages.add(pageSet.pages[number].id);
  }
  saveCorrections();
  return pages.size;
}

function takeLabels(number, labels) {
  const page = new Map();
  for (const was of readBoxes(number)) {
    const key = rectangle(was);
    const character = labels.get(key);
    if (character === undefined && was.kept) page.set(key, {kept: false, character: was.character});
    if (character !== undefined && !(was.kept && character === was.character)) page.set(key, {kept: true, character});
    labels.delete(key);
  }
  for (const [key, character] of labels) page.set(key, {kept: true, character, drawn: true});
  decisions.delete(pageSet.pages[number].id);
  if (page.size) decisions.set(pageSet.pages[number].id, page);
  currentPages.delete(number);
}

function download(name, text, type = "text/csv") {
  const link = element("a", {href: URL.createObjectURL(new Blob([text], {type})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
