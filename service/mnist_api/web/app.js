// The page's behaviour: strokes on a canvas, sent while they are drawn, answered as bars.

const PEN = 1 / 12; // of the canvas's side: about the stroke that MNIST's digits have
const STEP = 1 / 40; // what an arrow key moves, likewise
const SENT_SIDE = 112; // four times what the models see: more only costs time
const ASK_EVERY_MS = 120; // while one draws: eight answers a second look like one that moves
const PATIENCE_MS = 10000;

const element = (id) => document.getElementById(id);
const canvas = element("canvas");
const screen = canvas.getContext("2d");

// --- drawing ---------------------------------------------------------------------------------

let strokes = []; // each a list of [x, y] in shares of the side
let picture = null; // an opened picture, under the strokes
let cursor = { x: 0.5, y: 0.3, down: false, shown: false };

function redraw() {
  paint(screen);
  if (!strokes.length && !picture) invite(screen);
  if (cursor.shown) drawCursor(screen);
}

function paint(context) {
  const side = context.canvas.width;
  context.fillStyle = picture?.paper ?? "#fff";
  context.fillRect(0, 0, side, side);
  if (picture) drawPicture(context, picture.bitmap, side);
  context.strokeStyle = context.fillStyle = picture?.ink ?? "#000";
  context.lineWidth = side * PEN;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) drawStroke(context, stroke, side);
}

function drawPicture(context, bitmap, side) {
  const scale = Math.min(side / bitmap.width, side / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
}

// Curves from middle to middle of the points, with the points as handles: no corners.
function drawStroke(context, points, side) {
  const [first, last] = [points[0], points.at(-1)];
  context.beginPath();
  context.moveTo(first[0] * side, first[1] * side);
  for (let i = 1; i < points.length - 1; i += 1) {
    const [[x, y], [nextX, nextY]] = [points[i], points[i + 1]];
    context.quadraticCurveTo(x * side, y * side, ((x + nextX) / 2) * side, ((y + nextY) / 2) * side);
  }
  context.lineTo(last[0] * side, last[1] * side);
  context.stroke();
}

// On the screen only: what is sent is painted without it.
function invite(context) {
  context.fillStyle = "#a3a9b3";
  context.font = "500 34px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillText("Draw here, large", context.canvas.width / 2, context.canvas.height / 2);
}

function drawCursor(context) {
  const side = context.canvas.width;
  context.lineWidth = side / 150;
  context.strokeStyle = cursor.down ? "#c22" : "#1d5fd1";
  context.beginPath();
  context.arc(cursor.x * side, cursor.y * side, side * (PEN / 2 + 1 / 100), 0, 2 * Math.PI);
  context.stroke();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

const drawing = new Map(); // pointer's id -> its stroke: two fingers draw two

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  cursor.shown = cursor.down = false;
  const stroke = [place(event)];
  drawing.set(event.pointerId, stroke);
  strokes.push(stroke);
  changed();
});

canvas.addEventListener("pointermove", (event) => {
  const stroke = drawing.get(event.pointerId);
  if (!stroke) return;
  const events = event.getCoalescedEvents?.() ?? [];
  stroke.push(...(events.length ? events : [event]).map(place));
  changed();
});

canvas.addEventListener("lostpointercapture", (event) => drawing.delete(event.pointerId));

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

canvas.addEventListener("keydown", (event) => {
  const move = MOVES[event.key];
  if (move) moveCursor(...move);
  else if (event.key === " ") liftOrLower();
  else if (event.key === "Escape") clear();
  else return;
  event.preventDefault();
  cursor.shown = true;
  changed();
});

function moveCursor(right, down) {
  cursor.x = Math.min(1, Math.max(0, cursor.x + right * STEP));
  cursor.y = Math.min(1, Math.max(0, cursor.y + down * STEP));
  if (cursor.down) strokes.at(-1).push([cursor.x, cursor.y]);
}

function liftOrLower() {
  cursor.down = !cursor.down;
  if (cursor.down) strokes.push([[cursor.x, cursor.y]]);
}

canvas.addEventListener("focus", () => { cursor.shown = canvas.matches(":focus-visible"); redraw(); });
canvas.addEventListener("blur", () => { cursor.shown = cursor.down = false; redraw(); });

function clear() {
  strokes = [];
  picture = null;
  cursor.down = false;
  drawing.clear();
}

element("clear").addEventListener("click", () => { clear(); changed(); });
element("undo").addEventListener("click", () => {
  if (strokes.length) strokes.pop();
  else picture = null;
  changed();
});

// --- pictures from elsewhere -----------------------------------------------------------------

async function open(file) {
  if (!file) return;
  try {
    const bitmap = await createImageBitmap(file);
    clear();
    picture = { bitmap, ...colours(bitmap) };
    changed();
  } catch {
    say("This file is not a picture that the browser can open.");
  }
}

// What surrounds a picture that is not square, and what is drawn on it: by its own first corner.
function colours(bitmap) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
  if (alpha < 128) return { paper: "#fff", ink: "#000" };
  const dark = red + green + blue < 384;
  return { paper: `rgb(${red} ${green} ${blue})`, ink: dark ? "#fff" : "#000" };
}

element("file").addEventListener("change", (event) => {
  open(event.target.files[0]);
  event.target.value = "";
});
document.addEventListener("paste", (event) => open(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  canvas.classList.add("over");
});
document.addEventListener("dragleave", () => canvas.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  canvas.classList.remove("over");
  open(event.dataTransfer.files[0]);
});

// --- asking ----------------------------------------------------------------------------------

let timer = 0; // of the next question, if one is planned
let asking = null; // what ends the question under way
let drawnOn = false; // since that was asked

function changed() {
  redraw();
  if (!strokes.length && !picture) forget();
  else if (asking) drawnOn = true;
  else timer ||= setTimeout(ask, ASK_EVERY_MS);
}

// The drawing, without the keyboard's cursor, as base64 of a small PNG.
function encoded() {
  const small = document.createElement("canvas");
  small.width = small.height = SENT_SIDE;
  paint(small.getContext("2d"));
  return small.toDataURL("image/png").split(",")[1];
}

async function ask() {
  timer = 0;
  drawnOn = false;
  const mine = (asking = new AbortController());
  const body = JSON.stringify({ image: encoded(), probabilities: true, normalised: true });
  showCall(body);
  try {
    const start = performance.now();
    const response = await post(body, AbortSignal.any([mine.signal, AbortSignal.timeout(PATIENCE_MS)]));
    const answer = await response.json().catch(() => ({}));
    if (mine.signal.aborted) return;
    if (response.ok) show(answer, response.headers.get("X-Cache"), performance.now() - start);
    else refused(answer, response);
  } catch (error) {
    if (mine.signal.aborted) return;
    if (!(error instanceof TypeError || error.name === "TimeoutError")) throw error;
    fail(navigator.onLine ? "The service cannot be reached." : "You are offline. It goes on when you are back.");
  } finally {
    if (asking === mine) asking = null;
    if (drawnOn && !asking) changed();
  }
}

function post(body, signal) {
  return fetch("/predict/", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
}

function refused(answer, response) {
  const wait = Number(response.headers.get("Retry-After"));
  fail(sentence(answer, response.status) + (wait ? ` Trying again in ${wait} s.` : ""));
  if (wait) timer = setTimeout(ask, 1000 * wait);
}

function sentence({ code, error }, status) {
  if (code === "no_digit") return "There is no digit in this picture yet.";
  if (!error) return `The service answered with an error (${status}).`;
  return error[0].toUpperCase() + error.slice(1) + ".";
}

addEventListener("online", changed);

// --- showing ---------------------------------------------------------------------------------

function say(text) {
  element("message").textContent = text;
}

// What is shown belongs to an earlier drawing now: gone, before it is taken for the answer.
function fail(text) {
  wipe();
  say(text);
}

function wipe() {
  for (const id of ["digit", "origin"]) element(id).textContent = "";
  element("seen").removeAttribute("src");
  element("seen").alt = "";
  element("models").replaceChildren();
}

function forget() {
  asking?.abort();
  asking = null;
  drawnOn = false;
  clearTimeout(timer);
  timer = 0;
  wipe();
  say("");
  element("curl").textContent = "";
  element("copy").disabled = true;
}

function show(answer, origin, milliseconds) {
  say("");
  const digit = element("digit");
  // Set only on change: a screen reader would repeat it.
  if (digit.textContent !== String(answer.prediction)) digit.textContent = answer.prediction;
  element("seen").src = answer.normalised;
  element("seen").alt = `The digit as 28 by 28 pixels, read as ${answer.prediction}`;
  const models = Object.entries(answer.probabilities);
  element("models").replaceChildren(...models.map(([name, shares]) => bars(name, shares, answer.predictions[name])));
  element("origin").textContent = `Answered in ${milliseconds.toFixed(0)} ms${SOURCES[origin] ?? ""}.`;
}

const SOURCES = { miss: ", computed", local: ", from the process's cache", memcached: ", from memcached" };

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function bars(name, shares, best) {
  const rows = shares.map((share, digit) => row(digit, share, digit === best));
  const title = make("h3", {}, `${name.toUpperCase()}: ${best}`);
  const made = make("div", { className: "model" }, title, make("ol", { className: "bars" }, ...rows));
  Object.assign(made.dataset, { model: name, prediction: best });
  return made;
}

function row(digit, share, isBest) {
  const fill = make("i");
  fill.style.width = `${100 * share}%`;
  const track = make("span", { className: "track", ariaHidden: "true" }, fill);
  const made = make("li", {}, make("span", {}, String(digit)), track, make("span", {}, percent(share)));
  made.classList.toggle("best", isBest);
  return made;
}

function percent(share) {
  if (share < 0.005) return share < 0.0005 ? "0%" : "<1%";
  if (share > 0.995) return share > 0.9995 ? "100%" : ">99%";
  return `${Math.round(100 * share)}%`;
}

function showCall(body) {
  element("curl").textContent =
    `curl ${location.origin}/predict/ -H 'Content-Type: application/json' -d '${body}'`;
  element("copy").disabled = false;
}

async function copy() {
  if (navigator.clipboard) return navigator.clipboard.writeText(element("curl").textContent);
  // Over plain HTTP there is no clipboard object; a selection can still be copied.
  getSelection().selectAllChildren(element("curl"));
  document.execCommand("copy");
}

element("copy").addEventListener("click", async ({ target }) => {
  await copy().then(() => (target.textContent = "Copied"), () => (target.textContent = "Not allowed"));
  setTimeout(() => (target.textContent = "Copy"), 1500);
});

// --- correcting ------------------------------------------------------------------------------

// The service says whether it takes any: without a token set it does not.
element("teach").hidden = document.documentElement.dataset.corrections !== "on";

const OUTCOMES = { 201: "Thank you, it is kept.", 200: "Thank you, that was known already.",
  404: "This address takes no corrections." };

element("correction").addEventListener("submit", async (event) => {
  event.preventDefault();
  const thanks = element("thanks");
  if (!strokes.length && !picture) thanks.textContent = "Draw the digit first.";
  else thanks.textContent = await correct(element("label").value, element("token").value.trim());
});

async function correct(label, token) {
  const body = JSON.stringify({ image: encoded(), label: Number(label) });
  // What no header can hold is no token.
  if (!/^[!-~]+$/.test(token)) return "This is no token.";
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch("/samples/", { method: "POST", headers, body, signal });
    const answer = await response.json().catch(() => ({}));
    if (response.status === 401) return "The service does not know this token.";
    return OUTCOMES[response.status] ?? sentence(answer, response.status);
  } catch {
    return "The service cannot be reached.";
  }
}

redraw();
