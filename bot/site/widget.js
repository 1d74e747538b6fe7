// Một Cửa on another page: <script src="https://…/widget.js" defer></script>. A button that opens the chat in a frame.
// Works under a strict content security policy that has our address in script-src and frame-src. Leaves one element in
// the page, reads nothing of it, sets no cookie and no global name there.
// data-side="left" puts it on the left, data-label changes the button's words.

(() => {
  const script = document.currentScript ?? document.querySelector('script[src$="/widget.js"]');
  if (!script || document.querySelector("[data-motcua]")) return;
  const origin = new URL(script.src).origin;
  const side = script.dataset.side === "left" ? "left" : "right";
  const label = script.dataset.label || "Hỏi thủ tục";
  const NAME = "Trợ lý thủ tục hành chính";
  const ICONS = {
    chat: "M4 4h16a1.5 1.5 0 0 1 1.5 1.5v10A1.5 1.5 0 0 1 20 17h-8.5L6 21.5V17H4a1.5 1.5 0 0 1-1.5-1.5v-10A1.5 1.5 0 0 1 4 4z",
    close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12 19 17.6 17.6 19 12 13.4 6.4 19 5 17.6 10.6 12 5 6.4z",
  };
  const small = matchMedia("(max-width: 480px), (max-height: 430px)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let frame = null;
  let timer = 0;
  let open = false;
  let locked = false;
  let scrolling = "";

  // Set one by one: no policy forbids that, and no style of the page reaches in here.
  function make(tag, styles, parent) {
    const node = document.createElement(tag);
    dress(node, styles);
    parent?.append(node);
    return node;
  }

  function dress(node, styles) {
    for (const [name, value] of Object.entries(styles)) node.style.setProperty(name, value);
  }

  function icon(name, parent) {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: 24, height: 24, "aria-hidden": "true", focusable: "false" })) picture.setAttribute(key, value);
    path.setAttribute("d", ICONS[name]);
    path.setAttribute("fill", "currentColor");
    picture.append(path);
    parent.append(picture);
  }

  const BUTTON = { "box-sizing": "border-box", display: "inline-flex", "align-items": "center", "justify-content": "center", gap: "8px", "min-width": "48px", "min-height": "48px", margin: "0", color: "#fff", font: "600 16px/1.2 system-ui, sans-serif", cursor: "pointer" };
  const host = make("div", { all: "initial" });
  host.dataset.motcua = "";
  host.lang = "vi";
  const root = host.attachShadow({ mode: "open" });

  const launcher = make("button", { ...BUTTON, position: "fixed", "z-index": "2147483000", bottom: "max(16px, env(safe-area-inset-bottom))", [side]: "16px", padding: "8px 18px", border: "2px solid #ffd166", "border-radius": "99px", background: "#b5121b", "box-shadow": "0 4px 16px rgb(0 0 0 / 30%)" }, root);
  launcher.type = "button";
  launcher.setAttribute("aria-haspopup", "dialog");
  icon("chat", launcher);
  const words = make("span", {}, launcher);
  const dot = make("span", { display: "none", width: "12px", height: "12px", "border-radius": "50%", background: "#ffd166" }, launcher);

  const panel = make("div", { position: "fixed", "z-index": "2147483001", display: "flex", "flex-direction": "column", overflow: "hidden", background: "#f7f4ef", "box-shadow": "0 8px 40px rgb(0 0 0 / 35%)" }, root);
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", NAME);
  panel.tabIndex = -1;
  const bar = make("div", { display: "flex", flex: "none", "align-items": "center", "justify-content": "space-between", padding: "2px 4px 2px 16px", "border-bottom": "3px solid #ffd166", color: "#fff", font: "600 16px/1.3 system-ui, sans-serif" }, panel);
  make("span", {}, bar).textContent = NAME;
  const closer = make("button", { ...BUTTON, padding: "0", border: "2px solid transparent", "border-radius": "8px", background: "transparent" }, bar);
  closer.type = "button";
  closer.setAttribute("aria-label", "Đóng cửa sổ trò chuyện");
  icon("close", closer);
  const lost = make("p", { display: "none", margin: "0", padding: "16px", color: "#241f1b", background: "#fff6dd", font: "16px/1.5 system-ui, sans-serif" }, panel);
  lost.setAttribute("role", "status");

  for (const button of [launcher, closer]) {
    button.addEventListener("focus", () => button.matches(":focus-visible") && dress(button, { outline: "3px solid #0b57d0", "outline-offset": "2px", "box-shadow": "0 0 0 2px #fff" }));
    button.addEventListener("blur", () => dress(button, { outline: "none", "box-shadow": button === launcher ? "0 4px 16px rgb(0 0 0 / 30%)" : "none" }));
  }

  function layOut() {
    const whole = small.matches;
    const place = whole
      ? { inset: "0", width: "100%", height: "100%", "border-radius": "0" }
      : { inset: "auto", bottom: "80px", [side]: "16px", width: "400px", height: "min(640px, calc(100vh - 104px))", "border-radius": "14px" };
    // Not taken out of the layout: a chat without any could not scroll to its newest answer.
    dress(panel, { ...place, visibility: open ? "visible" : "hidden" });
    dress(bar, { background: dark.matches ? "#5f0b11" : "#9d0f17" });
    panel.setAttribute("aria-modal", String(whole));
    dress(launcher, { display: open && whole ? "none" : "inline-flex" });
    words.textContent = open ? "Đóng" : label;
    launcher.setAttribute("aria-expanded", String(open));
    // Under a chat that fills the screen the page stays where it was.
    const page = document.documentElement.style;
    if ((open && whole) === locked) return;
    locked = !locked;
    if (locked) scrolling = page.overflow;
    page.overflow = locked ? "hidden" : scrolling;
  }

  function load() {
    frame = make("iframe", { flex: "1", width: "100%", "min-height": "0", border: "0", "color-scheme": "normal" });
    frame.title = NAME;
    // The address of the page may say what a citizen is looking for.
    frame.referrerPolicy = "no-referrer";
    frame.src = `${origin}/widget`;
    panel.append(frame);
    timer = setTimeout(tellLost, 12_000);
  }

  function tellLost() {
    const link = make("a", { color: "#b5121b" });
    link.href = `${origin}/`;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.textContent = "Mở trang trò chuyện riêng";
    lost.replaceChildren("Chưa mở được trò chuyện ở đây. ", link);
    dress(lost, { display: "block" });
  }

  function show() {
    open = true;
    if (!frame) load();
    mark(false);
    layOut();
    panel.focus({ preventScroll: true });
    frame.focus({ preventScroll: true });
  }

  function hide() {
    open = false;
    layOut();
    launcher.focus({ preventScroll: true });
  }

  function mark(news) {
    dress(dot, { display: news ? "block" : "none" });
    if (news) launcher.setAttribute("aria-label", `${label}: có tin mới`);
    else launcher.removeAttribute("aria-label");
  }

  launcher.addEventListener("click", () => (open ? hide() : show()));
  closer.addEventListener("click", hide);
  panel.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("message", (event) => {
    // Only our frame, at our address, is listened to.
    if (!frame || event.origin !== origin || event.source !== frame.contentWindow) return;
    const said = event.data?.motcua;
    if (said === "open") {
      clearTimeout(timer);
      dress(lost, { display: "none" });
      if (root.activeElement !== frame) return;
      // The focus went to what was there before the chat.
      panel.focus();
      frame.focus();
    } else if (said === "answer" && !open) mark(true);
    else if (said === "close" && open) hide();
  });
  small.addEventListener("change", layOut);
  dark.addEventListener("change", layOut);

  function join() {
    layOut();
    document.body.append(host);
  }
  if (document.body) join();
  else addEventListener("DOMContentLoaded", join);
})();
