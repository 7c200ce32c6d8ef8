// The page's behaviour: a pad to draw on, a conversation with the service, an answer to look at.

const PEN = 1 / 13; // width, of the pad's side: MNIST's 2 to 3 pixels once a digit is reduced to 28
const KEY_STEP = 1 / 32; // what an arrow key moves the pen, likewise
const SENT_SIDE = 112; // of a drawing's PNG, 2 KB: four times what the models see, more tells them nothing
const PICTURE_SIDE = 224; // of a picture that is too large to be sent as it is
const PICTURE_BYTES = 90_000; // in base64 one argument of a command on Linux, 128 KiB, still holds it
const UNSEEN_BYTES = 7_000_000; // of a picture that only the service can read; it takes 10 MB of JSON
const GAP_MS = 100; // between two questions: ten a second look immediate
const PATIENCE_MS = 10_000;
const BUSY = [429, 502, 503, 504];
const MODELS = ["cnn", "mlp", "svm"]; // shown from the start; others appear as they answer

const element = (id) => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function surface(width, height = width) {
  return make("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
}

const base64 = (dataUrl) => dataUrl.slice(dataUrl.indexOf(",") + 1);

// Paint marks onto a square of this side. Points are in shares of the side, so any side will do.
function paint(context, side, marks, { paper, ink }) {
  context.setTransform(side, 0, 0, side, 0, 0);
  context.clearRect(0, 0, 1, 1);
  if (paper) {
    context.fillStyle = paper;
    context.fillRect(0, 0, 1, 1);
  }
  context.strokeStyle = ink;
  context.lineWidth = PEN;
  context.lineCap = context.lineJoin = "round";
  for (const { points, picture } of marks) {
    if (picture?.bitmap) paintPicture(context, picture.bitmap);
    if (points) trace(context, points);
  }
}

function paintPicture(context, bitmap) {
  const longer = Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width / longer, bitmap.height / longer];
  context.imageSmoothingEnabled = longer > 64; // a small picture shows its pixels
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (1 - width) / 2, (1 - height) / 2, width, height);
}

// Curves from middle to middle of the polyline: round where the hand was faster than its events.
function trace(context, points) {
  context.beginPath();
  context.moveTo(...points[0]);
  for (let at = 1; at < points.length - 1; at++) {
    const [[x, y], [nextX, nextY]] = [points[at], points[at + 1]];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  const [x, y] = points.at(-1);
  context.lineTo(x + 1e-4, y); // a line of no length at all is no dot everywhere
  context.stroke();
}

// What is on the pad: strokes, pictures and blank sheets, each of the latter two covering what was
// before; so undoing takes back a clearing like anything else.
class Drawing {
  #marks = [];

  add(mark) {
    this.#marks.push(mark);
  }

  undo() {
    return this.#marks.pop();
  }

  get visible() {
    return this.#marks.slice(Math.max(0, this.#marks.findLastIndex((mark) => !mark.points)));
  }

  get picture() {
    return this.visible[0]?.picture;
  }

  get isEmpty() {
    return !this.visible.some((mark) => mark.points || mark.picture);
  }

  get isUndoable() {
    return this.#marks.length > 0;
  }

  // The image to send, base64: a picture that nobody drew on as it came, all else as a small PNG.
  encoded() {
    if (this.picture && this.visible.length === 1) return this.picture.encoded;
    const small = surface(SENT_SIDE);
    paint(small, SENT_SIDE, this.visible, this.picture?.shades ?? { paper: "#fff", ink: "#000" });
    return base64(small.canvas.toDataURL());
  }
}

// --- pictures

async function readPicture(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  // What the browser cannot read (TIFF, say) the service may; and if not, it says why.
  if (!bitmap && file.size > UNSEEN_BYTES) throw new Error("This file is too large.");
  const asItIs = !bitmap || file.size <= PICTURE_BYTES;
  const encoded = base64(asItIs ? await dataUrl(file) : reduced(bitmap));
  return { encoded, bitmap, shades: bitmap ? shadesOf(bitmap) : undefined };
}

function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("This file cannot be read."));
    reader.readAsDataURL(file);
  });
}

function reduced(bitmap) {
  const scale = Math.min(1, PICTURE_SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const small = surface(width, height);
  small.imageSmoothingQuality = "high";
  small.drawImage(bitmap, 0, 0, width, height);
  return small.canvas.toDataURL();
}

// The shade of a picture's border, to go on with around it, and one that can be read on it. Behind
// a transparent picture: white, or black where its ink is light.
function shadesOf(bitmap) {
  const side = 32;
  const context = surface(side);
  context.drawImage(bitmap, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  const [border, all] = [[0, 0, 0, 0], [0, 0, 0, 0]];
  for (let at = 0; at < side * side; at++) {
    const edges = [at % side, Math.floor(at / side)];
    const alpha = data[4 * at + 3] / 255;
    for (const sums of edges.some((edge) => edge === 0 || edge === side - 1) ? [border, all] : [all]) {
      for (const channel of [0, 1, 2]) sums[channel] += data[4 * at + channel] * alpha;
      sums[3] += alpha;
    }
  }
  const mean = ([red, green, blue, alpha]) => [red, green, blue].map((sum) => sum / Math.max(alpha, 1e-3));
  const isLight = ([red, green, blue]) => 0.3 * red + 0.59 * green + 0.11 * blue > 127;
  const isTransparent = border[3] < 2 * side; // of 4 * side border pixels
  const paper = isTransparent ? (isLight(mean(all)) ? [0, 0, 0] : [255, 255, 255]) : mean(border).map(Math.round);
  return { paper: `rgb(${paper})`, ink: isLight(paper) ? "#000" : "#fff" };
}

// --- the pad

class Pad {
  drawing = new Drawing();
  #canvas = element("canvas");
  #context = this.#canvas.getContext("2d");
  #changed;
  #frame = 0;
  #pointer = null;
  #stroke = null; // what is being drawn, by pointer or keys
  #pen = { x: 0.5, y: 0.25, shown: false };
  #held = new Set();

  // changed(settled) is called after each change; settled: a stroke was finished, not lengthened.
  constructor(changed) {
    this.#changed = changed;
    const on = (type, handler) => this.#canvas.addEventListener(type, handler);
    on("pointerdown", (event) => this.#touch(event));
    on("pointermove", (event) => this.#drag(event));
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) on(type, (event) => this.#release(event));
    on("keydown", (event) => this.#press(event));
    on("keyup", (event) => this.#held.delete(event.key));
    on("focus", () => this.#showPen(this.#canvas.matches(":focus-visible")));
    on("blur", () => this.#leave());
    new ResizeObserver(() => this.#fit()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  add(mark) {
    this.#stroke = null;
    this.drawing.add(mark);
    this.#change(true);
  }

  undo() {
    this.#stroke = null;
    if (this.drawing.undo()) this.#change(true);
  }

  clear() {
    if (!this.drawing.isEmpty) this.add({});
  }

  redraw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #change(settled) {
    this.redraw();
    this.#changed(settled);
  }

  #fit() {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side && side !== this.#canvas.width) this.#canvas.width = this.#canvas.height = side;
    this.#paint(); // within the frame: setting the size wiped the canvas
  }

  #paint() {
    const style = getComputedStyle(this.#canvas);
    paint(this.#context, this.#canvas.width, this.drawing.visible, this.drawing.picture?.shades ?? { ink: style.color });
    if (this.#pen.shown) this.#paintPen(style.getPropertyValue("--accent"));
  }

  #paintPen(colour) {
    const { x, y } = this.#pen;
    this.#context.lineWidth = 0.008;
    this.#context.strokeStyle = this.#context.fillStyle = colour;
    this.#context.beginPath();
    this.#context.arc(x, y, PEN / 2 + 0.012, 0, 2 * Math.PI);
    this.#context.stroke();
    if (!this.#stroke) return;
    this.#context.beginPath();
    this.#context.arc(x, y, PEN / 5, 0, 2 * Math.PI);
    this.#context.fill();
  }

  #begin(point) {
    this.#stroke = { points: [point] };
    this.drawing.add(this.#stroke);
  }

  #touch(event) {
    if (event.button !== 0 || this.#pointer !== null) return; // a second finger or a palm
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pen.shown = false;
    this.#begin(this.#place(event));
    this.#change(false);
  }

  #drag(event) {
    if (event.pointerId !== this.#pointer || !this.#stroke) return;
    const parts = event.getCoalescedEvents?.() ?? [];
    for (const part of parts.length ? parts : [event]) this.#stroke.points.push(this.#place(part));
    this.#change(false);
  }

  #release(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    this.#stroke = null;
    this.#change(true);
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) this.#move(event.key);
    else if (event.key === " ") this.#turn(event.repeat);
    else if (event.key === "Backspace") this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
    this.#showPen(true);
  }

  // Move by all arrow keys that are held: two at once go aslant, which a 7 needs.
  #move(key) {
    this.#held.add(key);
    const towards = (less, more) => KEY_STEP * (this.#held.has(more) - this.#held.has(less));
    const inside = (value) => Math.min(1 - PEN / 2, Math.max(PEN / 2, value));
    this.#pen.x = inside(this.#pen.x + towards("ArrowLeft", "ArrowRight"));
    this.#pen.y = inside(this.#pen.y + towards("ArrowUp", "ArrowDown"));
    const [x, y] = [this.#pen.x, this.#pen.y];
    element("pen").textContent = `${Math.round(100 * x)} across, ${Math.round(100 * y)} down`;
    if (!this.#stroke) return;
    this.#stroke.points.push([x, y]);
    this.#change(false);
  }

  #turn(isRepeated) {
    if (isRepeated) return;
    if (this.#stroke) this.#stroke = null;
    else this.#begin([this.#pen.x, this.#pen.y]);
    element("pen").textContent = this.#stroke ? "Pen down" : "Pen up";
    this.#change(true);
  }

  #showPen(shown) {
    this.#pen.shown = shown;
    this.redraw();
  }

  #leave() {
    this.#held.clear();
    if (this.#pointer === null) this.#stroke = null;
    this.#showPen(false);
  }
}

// --- the conversation

// A reason why there is no answer, as a sentence; retry: seconds until it is worth asking again.
class Trouble extends Error {
  constructor(sentence, retry = 0) {
    super(sentence);
    this.retry = retry;
  }
}

// Asks about the newest state only: one question at a time, GAP_MS apart, none while the service
// wants to be left alone.
class Conversation {
  #drawing;
  #show;
  #running = null;
  #isDue = false;
  #timer = 0;
  #earliest = 0;

  // show(answer) is called with { image, answer, cache, milliseconds } or { image, trouble }.
  constructor(drawing, show) {
    this.#drawing = drawing;
    this.#show = show;
    addEventListener("online", () => this.#again(0));
  }

  // While a stroke grows, what is being answered is still worth seeing; once settled it is not.
  changed(settled) {
    if (settled || this.#drawing.isEmpty) this.#stop();
    this.#isDue = !this.#drawing.isEmpty;
    this.#schedule();
  }

  #stop() {
    this.#running?.abort();
    this.#running = null;
  }

  #again(milliseconds) {
    this.#earliest = performance.now() + milliseconds;
    this.#isDue = !this.#drawing.isEmpty;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#schedule();
  }

  #schedule() {
    if (!this.#isDue || this.#running || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#isDue && !this.#running) this.#ask();
    }, this.#earliest - performance.now());
  }

  async #ask() {
    const mine = (this.#running = new AbortController());
    this.#isDue = false;
    this.#earliest = performance.now() + GAP_MS;
    const image = this.#drawing.encoded();
    const result = await ask(image, mine.signal).catch((trouble) => ({ trouble }));
    if (this.#running !== mine) return; // given up for a newer one
    this.#running = null;
    this.#show({ image, ...result });
    if (result.trouble?.retry) this.#again(1000 * result.trouble.retry);
    else this.#schedule();
  }
}

const question = (image) => JSON.stringify({ probabilities: true, normalised: true, image });

async function ask(image, signal) {
  const start = performance.now();
  const response = await fetch("/predict/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: question(image),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
  }).catch((error) => {
    throw unreachable(error);
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok || !answer) throw refused(response, answer);
  return { answer, cache: response.headers.get("X-Cache"), milliseconds: performance.now() - start };
}

function unreachable(error) {
  if (error.name === "TimeoutError") return new Trouble("The service takes too long to answer.", 5);
  if (!navigator.onLine) return new Trouble("You are offline. The answer comes when you are back.");
  return new Trouble("The service cannot be reached. It is tried again every 3 seconds.", 3);
}

function refused(response, answer) {
  if (answer?.code === "no_digit") return new Trouble("No digit to see here yet: draw one, or try another picture.");
  const sentence = answer?.error
    ? `${answer.error[0].toUpperCase()}${answer.error.slice(1).replace(/\.$/, "")}.`
    : `The service failed to answer (status ${response.status}).`;
  if (!BUSY.includes(response.status)) return new Trouble(sentence);
  const retry = Number(response.headers.get("Retry-After")) || 2;
  return new Trouble(`${sentence} Asking again in ${retry} ${retry === 1 ? "second" : "seconds"}.`, retry);
}

// --- the answer

class Answer {
  #rows = new Map();
  #speech = 0;

  constructor() {
    const digits = Array.from({ length: 10 }, (_, digit) => make("th", { scope: "col", textContent: digit }));
    this.#heads = digits;
    const model = make("th", { scope: "col" }, make("span", { className: "hidden", textContent: "Model" }));
    element("bars").tHead.append(make("tr", {}, model, ...digits));
    MODELS.forEach((name) => this.#row(name));
  }

  #heads;

  show({ image, answer, cache, milliseconds, trouble }) {
    this.#showCall(image);
    if (trouble) return this.#blank("trouble", trouble.message);
    this.#tell("answer", String(answer.prediction), verdict(answer));
    element("origin").textContent = origin(cache, milliseconds);
    element("seen").src = answer.normalised;
    element("seen").alt = "Your digit as the models see it, 28 by 28 pixels, bright on black";
    element("seen").hidden = false;
    this.#heads.forEach((head, digit) => head.toggleAttribute("data-best", digit === answer.prediction));
    for (const [name, shares] of Object.entries(answer.probabilities)) {
      this.#fill(this.#row(name), shares, answer.predictions[name], answer.prediction);
    }
  }

  clear() {
    this.#blank("empty", "The answer appears here while you draw.");
    this.#showCall("");
  }

  fail(sentence) {
    this.#blank("trouble", sentence);
  }

  #blank(tone, sentence) {
    this.#tell(tone, "?", sentence);
    element("origin").textContent = "";
    element("seen").hidden = true;
    element("seen").alt = "";
    for (const head of this.#heads) head.removeAttribute("data-best");
    for (const row of this.#rows.values()) this.#fill(row, Array(10).fill(0));
  }

  #tell(tone, digit, sentence) {
    element("answer").dataset.tone = tone;
    element("digit").textContent = digit;
    if (element("words").textContent === sentence) return;
    element("words").textContent = sentence;
    // Spoken once the answer holds: half a digit is many digits on its way.
    clearTimeout(this.#speech);
    this.#speech = setTimeout(() => {
      element("spoken").textContent = tone === "answer" ? `${digit}. ${sentence}` : sentence;
    }, 600);
  }

  #row(name) {
    if (!this.#rows.has(name)) this.#rows.set(name, this.#addRow(name));
    return this.#rows.get(name);
  }

  #addRow(name) {
    const says = make("b");
    const cells = Array.from({ length: 10 }, () => make("td", {}, make("div", {}, make("span"), make("i"))));
    const head = make("th", { scope: "row" }, make("span", { textContent: name }), says);
    const line = make("tr", {}, head, ...cells);
    line.dataset.model = name;
    element("bars").tBodies[0].append(line);
    return { line, says, cells };
  }

  #fill({ line, says, cells }, shares, best, prediction) {
    line.dataset.agrees = best === prediction;
    says.textContent = best ?? "";
    cells.forEach((cell, digit) => {
      const percent = 100 * shares[digit];
      const [label, bar] = cell.firstChild.children;
      cell.toggleAttribute("data-best", digit === best);
      cell.toggleAttribute("data-share", percent >= 0.5);
      cell.title = best === undefined ? "" : `${digit}: ${percent.toFixed(2)} %`;
      label.textContent = best === undefined ? "" : Math.round(percent);
      label.classList.toggle("hidden", percent < 0.5);
      bar.style.setProperty("--share", shares[digit]);
    });
  }

  #showCall(image) {
    element("curl").textContent = image
      ? `curl ${location.origin}/predict/ \\\n  -H 'Content-Type: application/json' \\\n  -d '${question(image)}'`
      : "";
    element("copy").ariaDisabled = String(!image);
  }
}

function verdict({ predictions, probabilities }) {
  const names = Object.keys(predictions);
  const sure = names.some((name) => probabilities[name][predictions[name]] >= 0.7);
  const doubt = sure ? "." : ", though none of them is sure.";
  const digits = [...new Set(Object.values(predictions))];
  if (digits.length === 1) return `All ${names.length} models agree${doubt}`;
  const groups = digits.map((digit) => names.filter((name) => predictions[name] === digit));
  groups.sort((one, other) => other.length - one.length);
  const say = (group) =>
    `${group.map((name) => name.toUpperCase()).join(" and ")} ${group.length > 1 ? "say" : "says"} ${predictions[group[0]]}`;
  return groups.map(say).join(", ") + doubt;
}

function origin(cache, milliseconds) {
  const places = { miss: "computed just now", local: "from the server's own cache", memcached: "from memcached" };
  return `${Math.max(1, Math.round(milliseconds))} ms${places[cache] ? `, ${places[cache]}` : ""}`;
}

// --- wiring

const answer = new Answer();
const pad = new Pad((settled) => {
  const { isEmpty, isUndoable } = pad.drawing;
  element("sheet").toggleAttribute("data-empty", isEmpty);
  element("undo").ariaDisabled = String(!isUndoable);
  element("clear").ariaDisabled = String(isEmpty);
  if (isEmpty) answer.clear();
  conversation.changed(settled);
});
const conversation = new Conversation(pad.drawing, (result) => answer.show(result));

async function open(file) {
  if (!file) return;
  try {
    pad.add({ picture: await readPicture(file) });
  } catch (error) {
    answer.fail(error.message);
  }
}

element("undo").addEventListener("click", () => pad.undo());
element("clear").addEventListener("click", () => pad.clear());
element("file").addEventListener("change", (event) => {
  open(event.target.files[0]);
  event.target.value = ""; // the same file again is a change again
});

addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
  event.preventDefault();
  pad.undo();
});

addEventListener("paste", (event) => open(event.clipboardData.files[0]));
addEventListener("dragover", (event) => {
  event.preventDefault();
  element("sheet").toggleAttribute("data-landing", event.dataTransfer.types.includes("Files"));
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) element("sheet").removeAttribute("data-landing");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  element("sheet").removeAttribute("data-landing");
  open(event.dataTransfer.files[0]);
});

element("copy").addEventListener("click", async () => {
  const command = element("curl");
  if (!command.textContent) return;
  element("copied").textContent = (await copy(command)) ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (element("copied").textContent = "Copy"), 2000);
});

// Browsers hand out the clipboard on https and localhost only; elsewhere the text is selected.
async function copy(command) {
  try {
    await navigator.clipboard.writeText(command.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(command);
    return document.execCommand("copy");
  }
}
