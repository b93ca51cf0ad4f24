// The selected box: what it may be, and what people decide about it.

function showDetails() {
  const box = selectedBox();
  byId("no-selection").hidden = Boolean(box);
  byId("selection").hidden = !box;
  complain("");
  if (!box) return;
  byId("character").textContent = box.character;
  showFacts(box);
  byId("alternatives").replaceChildren(
    ...box.alternatives.map(([character, probability], place) => {
      const chosen = box.kept && character === box.character;
      const made = element("button", {"aria-pressed": chosen, title: codepoint(character)},
        element("small", {class: "number"}, place < 9 ? `${place + 1}` : ""),
        element("span", {lang: "ja"}, character),
        element("small", {}, percent(probability)));
      made.addEventListener("click", () => correct({kept: true, character}));
      return element("li", {}, made);
    }),
  );
  byId("typed").value = "";
  byId("accept").hidden = false;
  byId("accept").disabled = !box.kept || Boolean(box.decision);
  byId("reject").hidden = !box.kept;
  byId("restore").hidden = box.kept;
  byId("undo").disabled = !box.decision;
  drawCrop(box);
}

function showFacts(box) {
  byId("facts").textContent = codepoint(box.character);
  const {was, decision} = box;
  const lines = [];
  if (decision) lines.push(element("p", {}, `${decision} by hand`));
  else if (!box.kept) lines.push(element("p", {}, "rejected"));
  if (was) {
    const as = was.character === box.character ? [] : [" as ", element("span", {lang: "ja"}, was.character)];
    lines.push(element("p", {}, "read", ...as, `: ${percent(was.probability)} sure`));
    lines.push(element("p", {}, `a character at all: ${percent(was.keep_probability)}`));
  }
  byId("reading").replaceChildren(...lines);
}

async function drawCrop(box) {
  const canvas = byId("crop"), pen = canvas.getContext("2d");
  const image = loadImage(view.page), page = pageSet.pages[view.page];
  await image.decode();
  if (box.key !== view.selected) return;
  const scale = image.naturalWidth / page.width;
  const side = 1.5 * Math.max(box.width, box.height);
  const left = box.x + (box.width - side) / 2, top = box.y + (box.height - side) / 2;
  const zoom = canvas.width / side;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, left * scale, top * scale, side * scale, side * scale, 0, 0, canvas.width, canvas.height);
  pen.strokeStyle = "#0054b4";
  pen.lineWidth = 2;
  pen.strokeRect((box.x - left) * zoom, (box.y - top) * zoom, box.width * zoom, box.height * zoom);
}

// Decides about the selected box, and goes on to the next unsure one, or missing label, if people are reviewing.
function correct(decision) {
  const box = selectedBox();
  if (!box) return;
  if (decision && !box.was) decision.drawn = true;
  const listed = isVisited(box) && decision && !box.decision;
  const next = !listed && isUnsure(box) ? findUnsure(1) : null;
  decide(view.page, box.key, decision);
  refresh();
  const now = selectedBox();
  say(decision && now ? `${now.character} ${now.decision}` : "Correction undone");
  if (!byId("advance").checked) return;
  if (listed) nextMissingLabel();
  else if (next && next.key !== box.key) goTo(next.page, next.key);
}

function accept() {
  const box = selectedBox();
  if (box?.kept) correct({kept: true, character: box.character});
}

function reject() {
  const box = selectedBox();
  if (box?.kept) correct(box.was ? {kept: false, character: box.character} : null);
}

function restore() {
  const box = selectedBox();
  if (box && !box.kept) correct({kept: true, character: box.character});
}

function takeAlternative(place) {
  const alternative = selectedBox()?.alternatives[place];
  if (alternative) correct({kept: true, character: alternative[0]});
}

function takeTyped(text) {
  const character = characterFrom(text);
  if (!character) return complain("Type one character, or its codepoint such as U+5B57.");
  byId("typed").blur(); // keys are commands again
  if (draft.key) return finishDraft(character);
  correct({kept: true, character});
}

// A missing box: it is drawn with the pointer, and kept once its character is typed.
const draft = {on: false, from: null, key: null, mark: null};

function toggleDrawing(on) {
  draft.on = on;
  draft.mark?.remove();
  Object.assign(draft, {from: null, key: null, mark: null});
  drawing.classList.toggle("drawing", on);
  byId("draw").setAttribute("aria-pressed", on);
  if (on) say("Draw a box on the page, then type its character");
}

function pagePoint(event) {
  const frame = drawing.getBoundingClientRect(), page = pageSet.pages[view.page];
  const along = (at, from, size, pixels) => Math.round(Math.min(1, Math.max(0, (at - from) / size)) * pixels);
  return {
    x: along(event.clientX, frame.left, frame.width, page.width),
    y: along(event.clientY, frame.top, frame.height, page.height),
  };
}

function startDraft(event) {
  if (!draft.on) return;
  event.preventDefault();
  draft.mark?.remove();
  draft.from = pagePoint(event);
  draft.key = null;
  draft.mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  draft.mark.id = "draft";
  drawing.append(draft.mark);
  drawing.setPointerCapture(event.pointerId);
}

function stretchDraft(event) {
  if (!draft.from) return null;
  const {x, y} = pagePoint(event);
  const box = {
    x: Math.min(x, draft.from.x), y: Math.min(y, draft.from.y),
    width: Math.abs(x - draft.from.x), height: Math.abs(y - draft.from.y),
  };
  for (const [side, value] of Object.entries(box)) draft.mark.setAttribute(side, value);
  return box;
}

function endDraft(event) {
  const box = stretchDraft(event);
  draft.from = null;
  if (!box) return;
  if (box.width < 4 || box.height < 4) return draft.mark.remove();
  draft.key = rectangle(box);
  select(null);
  byId("no-selection").hidden = true;
  byId("selection").hidden = false;
  byId("character").textContent = "";
  byId("facts").textContent = "";
  byId("reading").textContent = "a drawn box: type its character";
  byId("alternatives").replaceChildren();
  for (const name of ["accept", "reject", "restore"]) byId(name).hidden = true;
  view.selected = draft.key;
  drawCrop({...box, key: draft.key});
  byId("typed").focus();
}

function finishDraft(character) {
  const key = draft.key;
  toggleDrawing(false);
  decide(view.page, key, {kept: true, character, drawn: true});
  view.selected = key;
  refresh();
  say(`${character} drawn`);
}
