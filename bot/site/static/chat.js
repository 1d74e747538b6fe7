// The citizens' chat page: sends messages, follows the conversation and shows it. Text from anybody is only ever set as text.

import { openSession, sessionHeaders } from "./session.js";

const WAIT_SECONDS = 25;
// While the server is at work: a question that it holds says only in its end that it is not any more.
const WAIT_AT_WORK = 2;
const MESSAGE_LIMIT = 2000;
const COUNT_FROM = 1800;
const ANNOUNCE_AT = [200, 100, 50, 20, 0];
const TYPING_DELAY = 350;
// By then the server has said whether it is at work on a message; some get no answer, as while the bot is switched off.
const ANSWER_PATIENCE = 20_000;
const SLOWEST_RETRY = 30_000;
// A stream says something at once and every 15 seconds; one that is silent is held up on its way.
const FIRST_SIGN = 5000;
const LONGEST_SILENCE = 35_000;
const STREAM_AGAIN = 300_000;

const RATINGS = [
  { value: "up", icon: "👍", title: "Hữu ích" },
  { value: "down", icon: "👎", title: "Chưa hữu ích" },
  { value: "not_mine", icon: "", title: "Không phải ý tôi" },
];

const page = Object.fromEntries(
  ["log", "typing", "connection", "composer", "text", "counter", "newer", "announcer"].map((id) => [id, document.getElementById(id)]),
);

const shown = new Map(); // key of a message → its element
const mine = new Map(); // client id → message sent from this page
const queue = []; // messages the server has not accepted yet, oldest first
const awaited = new Map(); // turns whose answer has not come yet → timer that stops waiting for it
const answered = new Set();
const ratings = new Map(); // turn → the rating buttons under its answer
const sleepers = new Set(); // pauses that "now" may end early

let cursor = "";
let serverTyping = false;
let sending = false;
let lastDay = dayOf(new Date());
let opened = false;
let latest = null;
let typingTimer = 0;
let pollAbort = null;
let streamAbort = null;
let streamAfter = 0; // no stream is tried before this time
let openConversation;
// The first poll sets the cookie; a message sent before it could found a second conversation.
const conversationOpen = new Promise((resolve) => (openConversation = resolve));

// ---- small tools ----

function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function button(className, text, onClick) {
  const node = element("button", className, text);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      sleepers.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    sleepers.add(wake);
  });
}

function wakeAll() {
  for (const wake of [...sleepers]) wake();
}

function backOff(attempt) {
  return Math.min(SLOWEST_RETRY, 1000 * 2 ** attempt) * (0.8 + 0.4 * Math.random());
}

function newId() {
  // crypto.randomUUID is missing on older phones and on plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function dayOf(date) {
  return date.toLocaleDateString("vi-VN", { day: "2-digit", month: "2-digit", year: "numeric" });
}

function clockOf(date) {
  return date.toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" });
}

// ---- talking to the server ----

async function request(path, options, seconds) {
  const abort = new AbortController();
  if (options.method === "GET") pollAbort = abort;
  const timer = setTimeout(() => abort.abort(), seconds * 1000);
  try {
    const headers = { ...options.headers, ...sessionHeaders() };
    const response = await fetch(path, { ...options, headers, signal: abort.signal, cache: "no-store", credentials: "same-origin" });
    const data = response.status === 204 ? null : await response.json().catch(() => null);
    return { status: response.status, ok: response.ok, data };
  } catch {
    return { status: 0, ok: false, data: null };
  } finally {
    clearTimeout(timer);
  }
}

function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(body) }, 20);
}

function mayRetry(status) {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

// ---- sending ----

function say(body, text) {
  const clientId = newId();
  const item = { clientId, body: { client_id: clientId, ...body }, text, settled: false, bubble: bubbleOf("citizen", text, new Date()) };
  item.bubble.classList.add("pending");
  startDay(new Date());
  page.log.append(item.bubble);
  queue.push(item);
  mine.set(clientId, item);
  scrollToEnd();
  deliverAll();
}

async function deliverAll() {
  if (sending) return;
  sending = true;
  await conversationOpen;
  while (queue.length) {
    await deliver(queue[0]);
    queue.shift();
  }
  sending = false;
}

async function deliver(item) {
  for (let attempt = 0; !item.settled; attempt += 1) {
    const { status, ok, data } = await post("/api/web/messages", item.body);
    if (item.settled) return;
    if (ok && data) return settle(item, `in-${data.id}`);
    if (!ok && !mayRetry(status)) return refuse(item, data?.error);
    const wait = data?.retry_after ? data.retry_after * 1000 : backOff(attempt);
    note(item.bubble, data?.error ? `${data.error} Trang sẽ tự gửi lại.` : "Đang gửi lại…", "Gửi lại ngay", wakeAll);
    await pause(wait);
  }
}

function settle(item, key) {
  item.settled = true;
  item.bubble.classList.remove("pending");
  item.bubble.querySelector(".note")?.remove();
  shown.set(key, item.bubble);
  awaitAnswer(key);
  wakeAll();
}

function refuse(item, sentence) {
  item.settled = true;
  item.bubble.classList.replace("pending", "refused");
  note(item.bubble, sentence || "Tin này chưa gửi được.", "Sửa lại", () => {
    item.bubble.remove();
    page.text.value = page.text.value ? `${page.text.value}\n${item.text}` : item.text;
    page.text.focus();
    fitText();
  });
}

function note(bubble, text, action, onClick) {
  const old = bubble.querySelector(".note");
  // The same sentence again would be read out again at each attempt.
  if (old?.firstChild.textContent === text) return;
  const line = element("div", "note");
  line.append(element("span", "", text), button("", action, onClick));
  keepingEnd(() => {
    old?.remove();
    bubble.append(line);
  });
}

// ---- following the conversation ----

async function follow() {
  await openSession();
  for (let failures = 0; ; ) {
    if (document.hidden) await pause(60_000);
    let wait = opened && !failures ? WAIT_SECONDS : 0;
    if (wait && !document.hidden && Date.now() >= streamAfter) {
      const ended = await listen();
      if (ended === "refused") streamAfter = Date.now() + STREAM_AGAIN;
      // A stream that lived is followed by the next; in between the page names the last line it knows.
      if (ended === "lived" && !document.hidden) wait = 0;
    }
    const started = Date.now();
    const { ok, data } = await ask(serverTyping ? Math.min(wait, WAIT_AT_WORK) : wait);
    if (ok && data) {
      failures = 0;
      showConnection(true);
      receive(data);
      // A server that does not hold the request must not be asked without end.
      if (wait && !data.messages.length && Date.now() - started < 1000) await pause(1000);
    } else {
      failures += 1;
      showConnection(failures < 2 && navigator.onLine, data?.error);
      await pause(data?.retry_after ? data.retry_after * 1000 : backOff(failures - 1));
    }
  }
}

function ask(wait) {
  const query = new URLSearchParams({ after: cursor, wait: String(wait) });
  return request(`/api/web/messages?${query}`, { method: "GET" }, wait + 10);
}

// Follows the stream of events until it ends; tells whether it lived, was refused, or failed on the way. Read by hand,
// because EventSource shows no status and takes no header.
async function listen() {
  const abort = new AbortController();
  const began = Date.now();
  let timer = setTimeout(() => abort.abort(), FIRST_SIGN);
  let ended = "failed";
  streamAbort = abort;
  try {
    const headers = { Accept: "text/event-stream", "Last-Event-ID": cursor, ...sessionHeaders() };
    const response = await fetch("/api/web/stream", { headers, signal: abort.signal, cache: "no-store", credentials: "same-origin" });
    ended = "refused";
    if (!response.ok || !response.body) return ended;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (let text = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      ended = "lived";
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), LONGEST_SILENCE);
      const events = (text + decoder.decode(value, { stream: true })).split("\n\n");
      text = events.pop();
      events.forEach(takeEvent);
    }
  } catch {
    // Whatever broke it, the next question to the server tells.
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
  if (ended === "lived" && Date.now() - began < 1000) await pause(1000);
  return ended;
}

function takeEvent(event) {
  const line = event.split("\n").find((one) => one.startsWith("data: "));
  if (!line) return;
  const data = JSON.parse(line.slice(6));
  receive(data);
  if (data.messages.length) confirm();
}

// A line counts as arrived when the page has named it as the last it knows.
async function confirm() {
  const query = new URLSearchParams({ after: cursor, wait: "0" });
  const headers = sessionHeaders();
  await fetch(`/api/web/messages?${query}`, { headers, cache: "no-store", credentials: "same-origin" }).catch(() => null);
}

function receive({ messages, cursor: next, typing, more }) {
  const first = !opened;
  const follows = first || atEnd();
  if (first && more) page.log.insertBefore(element("p", "day", "Các tin cũ hơn không hiện ở đây"), page.log.querySelector(".pending"));
  const fresh = messages.filter((message) => show(message, first) && message.from === "bot");
  if (!(Number(next) < Number(cursor))) cursor = next ?? cursor;
  serverTyping = Boolean(typing);
  showTyping();
  if (first) open();
  if (first && messages.length) scrollToEnd();
  if (!fresh.length) return;
  document.dispatchEvent(new Event("chat:answer"));
  if (follows) reveal(shown.get(fresh[first ? fresh.length - 1 : 0].key));
  else page.newer.hidden = false;
}

function open() {
  opened = true;
  // From here on, and not for the history, new messages are read out.
  page.log.setAttribute("aria-busy", "false");
  openConversation();
  document.body.dataset.open = "";
  document.dispatchEvent(new Event("chat:open"));
}

function show(message, first) {
  if (shown.has(message.key)) return false;
  const own = mine.get(message.client_id);
  if (own) {
    if (own.settled) shown.set(message.key, own.bubble);
    else settle(own, message.key);
    return false;
  }
  const asked = mine.get(message.answers);
  // The receipt was lost on the way: what is answered is stored, and stands above its answer.
  if (asked && !asked.settled) settle(asked, `in-${message.turn}`);
  const at = new Date(message.at);
  const bubble = message.from === "bot" ? botBubble(message, at) : bubbleOf("citizen", message.text, at);
  if (!first) bubble.classList.add("fresh");
  const waiting = page.log.querySelector(".pending");
  if (!waiting) startDay(at);
  page.log.insertBefore(bubble, waiting);
  shown.set(message.key, bubble);
  return true;
}

// ---- bubbles ----

function bubbleOf(from, text, at) {
  const bubble = element("div", `message ${from}`);
  const words = element("div", "words");
  words.append(element("span", "visually-hidden", from === "bot" ? "Trợ lý: " : "Anh/chị: "));
  words.append(from === "bot" ? linked(text) : document.createTextNode(text));
  const time = element("time", "meta", clockOf(at));
  time.dateTime = at.toISOString();
  bubble.append(words, time);
  return bubble;
}

function botBubble(message, at) {
  answered.add(`in-${message.turn}`);
  stopAwaiting(`in-${message.turn}`);
  const bubble = bubbleOf("bot", message.text, at);
  if (message.buttons?.length) bubble.append(choicesOf(message.buttons));
  if (message.rate) bubble.append(rateOf(message.turn, message.feedback));
  latest?.classList.remove("latest");
  bubble.classList.add("latest");
  latest = bubble;
  return bubble;
}

function choicesOf(buttons) {
  const row = element("div", "choices");
  for (const { id, title } of buttons) {
    row.append(
      button("choice", title, () => {
        const underWay = queue.some((item) => item.body.button === id && !item.settled);
        if (!underWay) say({ button: id }, title);
      }),
    );
  }
  return row;
}

function linked(text) {
  const part = document.createDocumentFragment();
  let end = 0;
  // The sign before a path is matched too (no look-behind on older phones), so that a path inside another address is left alone.
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'“”]+|(^|[\s("“:])\/phan-anh\/PA-[A-Za-z0-9-]+/g)) {
    const start = match.index + (match[1]?.length ?? 0);
    const address = text.slice(start, match.index + match[0].length).replace(/[.,;:!?)\]}…]+$/, "");
    const link = linkTo(address);
    if (!link) continue;
    part.append(text.slice(end, start), link);
    end = start + address.length;
  }
  part.append(text.slice(end));
  return part;
}

function linkTo(address) {
  let url;
  try {
    url = new URL(address, location.origin);
  } catch {
    return null;
  }
  // Tried out on one machine, the page itself is without TLS.
  const ours = url.origin === location.origin;
  if (!ours && url.protocol !== "https:") return null;
  // "https://dichvucong.gov.vn@elsewhere" looks like the portal and is not.
  if (url.username || url.password) return null;
  const link = element("a", "", address);
  link.href = url.href;
  link.rel = "noopener noreferrer";
  link.target = "_blank";
  return link;
}

function startDay(at) {
  const day = dayOf(at);
  if (day === lastDay) return;
  page.log.append(element("p", "day", day === dayOf(new Date()) ? "Hôm nay" : day));
  lastDay = day;
}

// ---- rating an answer ----

function rateOf(turn, chosen) {
  const group = element("div", "rate");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Câu trả lời này có đúng ý anh/chị không?");
  for (const { value, icon, title } of RATINGS) {
    const choice = button("", "", () => rate(turn, value));
    choice.dataset.value = value;
    choice.setAttribute("aria-pressed", "false");
    if (icon) {
      const sign = element("span", "", `${icon} `);
      sign.setAttribute("aria-hidden", "true");
      choice.append(sign);
    }
    choice.append(title);
    group.append(choice);
  }
  const answer = element("span", "rate-note");
  group.append(answer);
  ratings.set(turn, group);
  if (chosen) markRated(group, chosen);
  return group;
}

async function rate(turn, value) {
  const group = ratings.get(turn);
  if (group.dataset.state) return;
  group.dataset.state = "sending";
  const answer = group.querySelector(".rate-note");
  answer.textContent = "";
  const { ok, data } = await post("/api/web/feedback", { turn, value });
  if (ok) {
    markRated(group, value);
    answer.textContent = "Trợ lý đã ghi nhận, cảm ơn anh/chị.";
  } else {
    delete group.dataset.state;
    answer.textContent = data?.error || "Chưa ghi được, anh/chị vui lòng bấm lại.";
  }
}

function markRated(group, value) {
  group.dataset.state = "done";
  group.classList.add("done");
  for (const choice of group.querySelectorAll("button")) {
    choice.setAttribute("aria-pressed", String(choice.dataset.value === value));
    choice.setAttribute("aria-disabled", "true");
  }
}

// ---- typing, connection, scrolling ----

function awaitAnswer(key) {
  if (answered.has(key)) return;
  clearTimeout(awaited.get(key));
  awaited.set(key, setTimeout(() => stopAwaiting(key), ANSWER_PATIENCE));
  showTyping();
}

function stopAwaiting(key) {
  clearTimeout(awaited.get(key));
  if (awaited.delete(key)) showTyping();
}

function showTyping() {
  const busy = serverTyping || awaited.size > 0;
  clearTimeout(typingTimer);
  if (!busy) return page.typing.replaceChildren();
  // A quick answer needs no "is answering" read out before it.
  if (!page.typing.firstChild) typingTimer = setTimeout(drawTyping, TYPING_DELAY);
}

function drawTyping() {
  const dots = element("span", "dots");
  dots.setAttribute("aria-hidden", "true");
  dots.append(element("i"), element("i"), element("i"));
  keepingEnd(() => page.typing.replaceChildren(dots, "Trợ lý đang trả lời…"));
}

function showConnection(good, told) {
  const sentence = good ? "" : told || "Mất kết nối. Trang đang tự nối lại, tin của anh/chị vẫn được giữ.";
  if (page.connection.textContent !== sentence) page.connection.textContent = sentence;
}

function atEnd() {
  const { scrollTop, clientHeight, scrollHeight } = document.documentElement;
  return scrollHeight - scrollTop - clientHeight < 80;
}

function keepingEnd(change) {
  const follows = atEnd();
  change();
  if (follows) scrollToEnd();
}

function scrollToEnd() {
  window.scrollTo(0, document.documentElement.scrollHeight);
}

function reveal(bubble) {
  const bars = document.querySelector(".composer").offsetHeight + (document.querySelector(".top")?.offsetHeight ?? 0);
  const below = page.log.getBoundingClientRect().bottom - bubble.getBoundingClientRect().top;
  // A long answer is read from its beginning.
  if (below > window.innerHeight - bars - 24) bubble.scrollIntoView({ block: "start" });
  else scrollToEnd();
}

// ---- writing ----

function fitText() {
  keepingEnd(() => {
    page.text.style.height = "auto";
    page.text.style.height = `${page.text.scrollHeight + 2}px`;
  });
  const left = MESSAGE_LIMIT - page.text.value.length;
  const near = page.text.value.length >= COUNT_FROM;
  page.counter.textContent = near ? `Còn ${left} ký tự` : "";
  page.counter.classList.toggle("near", near);
  const step = near && ANNOUNCE_AT.find((limit, place) => left <= limit && left > (ANNOUNCE_AT[place + 1] ?? -1));
  page.announcer.textContent = near ? `Còn không quá ${step} ký tự` : "";
}

function submitText(event) {
  event.preventDefault();
  const text = page.text.value.trim();
  if (text) {
    page.text.value = "";
    fitText();
    say({ text }, text);
  }
  page.text.focus();
}

page.composer.addEventListener("submit", submitText);
page.text.addEventListener("input", fitText);
page.text.addEventListener("keydown", (event) => {
  // While a Vietnamese input method composes, Enter belongs to it (229 is what older browsers report).
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  submitText(event);
});
for (const choice of document.querySelectorAll("[data-say]")) {
  choice.addEventListener("click", () => say({ text: choice.dataset.say }, choice.dataset.say));
}
// A pressed button does not take the focus from the text field; the keyboard still reaches it.
page.log.addEventListener("mousedown", (event) => {
  if (event.target.closest("button")) event.preventDefault();
});
page.newer.addEventListener("click", () => {
  page.newer.hidden = true;
  scrollToEnd();
  page.text.focus({ preventScroll: true });
});
window.addEventListener("scroll", () => atEnd() && (page.newer.hidden = true), { passive: true });
window.addEventListener("offline", () => showConnection(false));
window.addEventListener("online", () => {
  // A request held open over the lost network would hang until it times out.
  pollAbort?.abort();
  streamAbort?.abort();
  wakeAll();
});
document.addEventListener("visibilitychange", () => {
  // A tab nobody looks at leaves the browser's few connections to the others.
  if (document.hidden) streamAbort?.abort();
  else wakeAll();
});
window.addEventListener("beforeunload", (event) => {
  if (queue.some((item) => !item.settled)) event.preventDefault();
});

follow();
