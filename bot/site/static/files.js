// Photos and documents for a piece of feedback: chosen, sent one request each, shown with what became of them, taken back.
// Names come from anybody and are only ever set as text. Without an answer of the server about files, the button stays away.

import { sessionHeaders, whenOpen } from "./session.js";

const PATH = "/api/web/files";
// The server takes few at once of one conversation.
const AT_ONCE = 2;
const PATIENCE = 240_000;
// Milliseconds until the server is asked again what it takes, after a first answer that told nothing; doubled each time.
const AGAIN = 2_000;
const AGAIN_AT_MOST = 60_000;

const page = Object.fromEntries(
  ["attach", "files", "files-input", "files-consent", "files-warning", "files-agreement", "files-agree", "files-later", "files-list", "files-note", "files-said", "text"].map(
    (id) => [id.replace("files-", ""), document.getElementById(id)],
  ),
);

const items = []; // what the list shows, in its order: { name, size, id, state, row, … }
let rules = null;
let agreed = false;
let agreement = Promise.resolve(true);
let running = 0;
let again = AGAIN;

// ---- small tools ----

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function button(text, about, onClick) {
  const node = element("button", "", text);
  node.type = "button";
  node.append(element("span", "visually-hidden", ` ${about}`));
  node.addEventListener("click", onClick);
  return node;
}

function sizeOf(bytes) {
  const [number, unit] = bytes < 1024 * 1024 ? [Math.max(1, Math.round(bytes / 1024)), "KB"] : [bytes / 1024 / 1024, "MB"];
  return `${number.toLocaleString("vi-VN", { maximumFractionDigits: 1 })} ${unit}`;
}

function headerOf(name) {
  // Half a letter, which some systems allow in a name, cannot be written down. The end of a name has the ending.
  const whole = Array.from(name).filter((letter) => letter.length > 1 || letter < "\ud800" || letter > "\udfff");
  return encodeURIComponent(whole.slice(-100).join(""));
}

async function ask(path, options) {
  try {
    const headers = { ...options.headers, ...sessionHeaders() };
    const response = await fetch(path, { ...options, headers, cache: "no-store", credentials: "same-origin" });
    return { status: response.status, ok: response.ok, data: await response.json().catch(() => null) };
  } catch {
    return { status: 0, ok: false, data: null };
  }
}

function announce(sentence) {
  page.said.textContent = sentence;
}

// ---- what the server knows ----

async function load() {
  const before = items.filter((item) => item.state === "kept");
  const { status, ok, data } = await ask(PATH, { method: "GET" });
  if (!ok || !data) {
    // Away or busy; any other answer stays what it is.
    if (!rules && (status === 0 || status === 429 || status >= 500)) askAgain();
    return;
  }
  if (!rules) prepare(data);
  agreed = agreed || data.agreed;
  const waiting = new Map(data.files.map((file) => [file.id, file]));
  const gone = before.filter((item) => items.includes(item) && !waiting.has(item.id));
  gone.forEach(forget);
  // What was refused concerned the feedback that has gone.
  if (gone.length) items.filter((item) => item.state === "failed" && !item.again).forEach(forget);
  for (const file of waiting.values()) {
    if (!items.some((item) => item.id === file.id)) show({ name: file.name, size: file.size, id: file.id, state: "kept" });
  }
  if (gone.length) announce("Các tệp đã được gửi cùng phản ánh.");
}

function askAgain() {
  setTimeout(load, again);
  again = Math.min(2 * again, AGAIN_AT_MOST);
}

function prepare(data) {
  rules = data;
  page.input.accept = data.accept;
  page.warning.textContent = data.consent.warning;
  page.agreement.textContent = data.consent.agree;
  for (const place of document.querySelectorAll(".files-allowed")) place.textContent = data.allowed;
  page.attach.hidden = false;
}

// ---- agreeing and choosing ----

function attach() {
  if (agreed) return page.input.click();
  page.consent.hidden = false;
  layOut();
  page.files.focus();
}

function agree() {
  // The choice of files must open within the tap; sending waits for the server to have noted the agreement.
  noteAgreement();
  closeConsent();
  page.input.click();
}

function noteAgreement() {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" };
  agreement = ask(`${PATH}/agreement`, options).then(({ ok }) => (agreed = ok));
}

function closeConsent() {
  page.consent.hidden = true;
  layOut();
  page.attach.focus();
}

function choose() {
  for (const file of page.input.files) add(file);
  page.input.value = "";
}

function add(file) {
  const item = show({ name: file.name, size: file.size, file, state: "waiting" });
  const reason = refusalOf(file);
  if (reason) fail(item, rules.refusals[reason]);
  work();
}

function refusalOf(file) {
  const others = items.filter((item) => item.state !== "failed").length - 1;
  if (others >= rules.limits.files) return "files";
  if (!file.size) return "empty";
  if (file.size > rules.limits.file_bytes) return file.type.startsWith("video/") ? "video" : "file_bytes";
  return null;
}

// ---- sending ----

async function work() {
  const next = items.find((item) => item.state === "waiting");
  if (!next || running >= AT_ONCE) return;
  running += 1;
  next.state = "sending";
  work();
  const noted = await agreement;
  const answer = noted ? await send(next) : { status: 0, data: null };
  running -= 1;
  if (items.includes(next) || next.dropped) settle(next, answer);
  work();
}

function send(item) {
  return new Promise((resolve) => {
    // Of the two ways to send, only this one tells how far it is.
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", PATH);
    request.responseType = "json";
    request.timeout = PATIENCE;
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-File-Name", headerOf(item.name));
    for (const [name, value] of Object.entries(sessionHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => drawProgress(item, loaded / total);
    request.upload.onload = () => drawProgress(item, 1);
    request.onloadend = () => resolve({ status: request.status, data: request.response });
    request.send(item.file);
  });
}

function settle(item, { status, data }) {
  if (item.dropped) {
    // Taken back while the server was at it: what it kept all the same goes.
    if (status === 201) ask(`${PATH}/${data.id}`, { method: "DELETE" });
    return;
  }
  if (status !== 201) {
    const sentence = data?.error || "Tệp chưa gửi được, có thể do mạng. Anh/chị bấm gửi lại.";
    return fail(item, sentence, status === 0 || status === 408 || status === 429 || status >= 500);
  }
  const twin = items.find((other) => other.id === data.id);
  if (twin) {
    forget(item);
    return announce(`${data.name} đã có trong danh sách.`);
  }
  Object.assign(item, { id: data.id, name: data.name, size: data.size, state: "kept", file: null });
  draw(item);
  announce(`Đã nhận ${data.name}.`);
}

function fail(item, sentence, again = false) {
  Object.assign(item, { state: "failed", sentence, again });
  draw(item);
  layOut();
  announce(`${item.name}: ${sentence}`);
}

function sendAgain(item) {
  item.state = "waiting";
  if (!agreed) noteAgreement();
  draw(item);
  layOut();
  item.row.querySelector("button").focus();
  work();
}

async function remove(item) {
  if (item.state === "sending") {
    item.dropped = true;
    if (!item.sent) item.request?.abort();
  } else if (item.id) {
    const { ok, status, data } = await ask(`${PATH}/${item.id}`, { method: "DELETE" });
    if (!ok && status !== 404) return announce(data?.error || "Chưa gỡ được tệp, anh/chị bấm lại.");
  }
  const place = items.indexOf(item);
  forget(item);
  const next = items[place] ?? items[place - 1];
  (next ? next.row.querySelector("button:last-child") : page.attach).focus();
  announce(`Đã gỡ ${item.name}.`);
}

// ---- the list ----

function show(item) {
  item.row = element("li", "file");
  items.push(item);
  page.list.append(item.row);
  draw(item);
  layOut();
  item.row.scrollIntoView({ block: "nearest" });
  return item;
}

function forget(item) {
  const place = items.indexOf(item);
  if (place >= 0) items.splice(place, 1);
  item.row.remove();
  layOut();
}

function draw(item) {
  const words = element("div");
  const state = { waiting: "Đang chờ gửi", sending: "Đang gửi", kept: `Đã nhận, ${sizeOf(item.size)}`, failed: item.sentence }[item.state];
  words.append(element("span", "file-name", item.name), element("span", "file-state", state));
  const buttons = element("div", "file-buttons");
  if (item.again && item.state === "failed") buttons.append(button("Gửi lại", item.name, () => sendAgain(item)));
  buttons.append(button("Gỡ", item.name, () => remove(item)));
  item.row.classList.toggle("failed", item.state === "failed");
  item.row.replaceChildren(words, buttons);
}

function drawProgress(item, part) {
  if (item.state !== "sending" || item.dropped) return;
  item.sent = part >= 1;
  const words = item.row.firstChild;
  words.querySelector(".file-state").textContent = item.sent ? "Đang kiểm tra" : `Đang gửi ${Math.round(part * 100)}%`;
  let bar = words.querySelector("progress");
  if (!bar) {
    bar = element("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", `Đang gửi ${item.name}`);
    words.append(bar);
  }
  if (item.sent) bar.removeAttribute("value");
  else bar.value = part;
}

function layOut() {
  page.note.hidden = !items.some((item) => item.state !== "failed");
  page.files.hidden = page.consent.hidden && !items.length;
}

page.attach.addEventListener("click", attach);
page.agree.addEventListener("click", agree);
page.later.addEventListener("click", closeConsent);
page.input.addEventListener("change", choose);
page.files.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !page.consent.hidden) closeConsent();
});
whenOpen(load);
// What waited has gone with the feedback when an answer says so.
document.addEventListener("chat:answer", () => items.some((item) => item.state === "kept") && load());
window.addEventListener("beforeunload", (event) => {
  if (items.some((item) => item.state === "waiting" || item.state === "sending")) event.preventDefault();
});
