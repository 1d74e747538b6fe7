// Who this page is to the server. Our own page is known by its cookie. The chat in a frame of another site's page has a
// cookie of its own, or, where the browser keeps none in frames, a token kept as long as the tab is open, or, where it
// keeps nothing at all, as long as the frame.

const KEY = "motcua";
const PATH = "/api/web/frame";

export const framed = document.body.dataset.framed !== undefined;

let shown = framed ? remembered() || "cookie" : "";

// The page's scripts come one by one: the chat may be open before the last of them is there.
export function whenOpen(work) {
  if (document.body.dataset.open === undefined) document.addEventListener("chat:open", work, { once: true });
  else work();
}

export function sessionHeaders() {
  return shown ? { "X-Motcua-Frame": shown } : {};
}

export async function openSession() {
  for (let attempt = 0, asked = 0; framed && shown === "cookie"; ) {
    // A cookie that does not come back was not kept.
    const answer = await post(asked < 2 ? {} : { token: true });
    if (answer?.cookie) return;
    if (answer?.token) return remember(answer.token);
    if (answer) asked += 1;
    else await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 1000 * 2 ** attempt++)));
  }
}

async function post(body) {
  try {
    const headers = { "Content-Type": "application/json", ...sessionHeaders() };
    const response = await fetch(PATH, { method: "POST", headers, body: JSON.stringify(body), cache: "no-store", credentials: "same-origin" });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // A browser that keeps nothing for frames does not even let them ask.
  }
}

function remember(token) {
  shown = token;
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // The conversation then lasts as long as this page.
  }
}
