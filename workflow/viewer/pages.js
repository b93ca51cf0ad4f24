// The page set as the workflow embedded it in this file. A page is parsed when it is first needed.

const byId = (id) => document.getElementById(id);
const pageSet = JSON.parse(byId("page-set").textContent);
const parsedPages = new Map();

// The boxes of a page: those that the workflow kept in reading order, then those that it rejected.
function readBoxes(number) {
  if (!parsedPages.has(number)) {
    parsedPages.set(number, JSON.parse(byId(`boxes-${number}`).textContent));
  }
  return parsedPages.get(number);
}

function imageSource(number) {
  return `data:image/jpeg;base64,${byId(`image-${number}`).textContent}`;
}

function codepoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

// The one character that was typed, as itself or as a codepoint, or null.
function characterFrom(typed) {
  const text = typed.trim().normalize("NFC");
  const named = /^U\+([0-9A-F]{4,6})$/i.exec(text);
  if (named) {
    const value = parseInt(named[1], 16);
    const usable = value > 0x20 && value <= 0x10ffff && !(value >= 0xd800 && value < 0xe000);
    return usable ? String.fromCodePoint(value) : null;
  }
  return [...text].length === 1 && !/[\p{C}\p{Z}]/u.test(text) ? text : null;
}

function percent(share) {
  if (share > 0 && share < 0.005) return "<1%";
  return `${(100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0)}%`;
}

function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

// A new element: element("p", {id: "a"}, "text", child).
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
