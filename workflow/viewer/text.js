// The text of a page as it now stands, as the workflow writes it: a line a column, an empty line between blocks, ruby in
// 《》 after its character, notes in two lines in 〈〉.

const BRACKETS = {text: ["", ""], ruby: ["《", "》"], note: ["〈", "〉"]};

function pageText(number, withRuby = true) {
  const lines = [];
  let last = null;
  for (const box of currentBoxes(number).kept) {
    if (box.role === "ruby" && !withRuby) continue;
    if (!last || box.column !== last.column) {
      if (last) lines.push(lines.pop() + BRACKETS[last.role][1]);
      if (last && box.block !== last.block) lines.push("");
      lines.push(BRACKETS[box.role][0]);
    } else if (box.role !== last.role) {
      lines.push(lines.pop() + BRACKETS[last.role][1] + BRACKETS[box.role][0]);
    }
    lines.push(lines.pop() + box.character);
    last = box;
  }
  if (last) lines.push(lines.pop() + BRACKETS[last.role][1]);
  return lines.map((line) => `${line}\n`).join("");
}

// The text of pages, each under its id, as the workflow writes books.
function writeText(numbers) {
  return numbers.map((number) => {
    const {id, corrected} = pageSet.pages[number];
    const known = corrected || checkedPages.has(id) ? "corrected" : confidenceOf(number);
    return `[${id}] (${known})\n${pageText(number)}`;
  }).join("\n");
}

function confidenceOf(number) {
  const {confidence, note} = pageSet.pages[number];
  return `confidence ${confidence.toFixed(2)}${note && `: ${note}`}`;
}

async function copyText(withRuby) {
  const text = pageText(view.page, withRuby);
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a browser that gives the clipboard to pages of servers alone
    const field = element("textarea", {style: "position: fixed; opacity: 0"});
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  say("Text copied");
}
