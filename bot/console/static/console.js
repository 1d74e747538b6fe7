// What the console does besides: keys, and who else has the same complaint open. Every page works without it.
"use strict";
(() => {
  const KEPT = "motcua-phim-tat";
  const KEYS = [
    ["/", "tìm phản ánh", () => focusOn("#q") || follow('nav a[href$="/phan-anh"]')],
    ["h", "về hàng việc", () => follow("a.brand")],
    ["j", "phản ánh dưới", () => step(1)],
    ["k", "phản ánh trên", () => step(-1)],
    ["x", "chọn, bỏ chọn phản ánh", () => tick()],
    ["t", "viết câu trả lời", () => focusOn("#answer-text")],
    ["n", "viết ghi chú nội bộ", () => focusOn("#remark-text")],
    ["?", "xem các phím tắt", () => dialog.showModal()],
  ];
  let on = true;
  try { on = localStorage.getItem(KEPT) !== "0"; } catch { /* Nothing can be kept: they are on. */ }

  const focusOn = (found) => {
    const field = document.querySelector(found);
    if (field) field.focus();
    return Boolean(field);
  };
  const follow = (found) => document.querySelector(found)?.click();
  const links = () => [...document.querySelectorAll(".cases tbody th a")];
  const step = (by) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
  };
  const tick = () => document.activeElement?.closest("tr")?.querySelector('input[name="case"]')?.click();

  const make = (name, text = "", parent = null) => {
    const one = document.createElement(name);
    one.textContent = text;
    parent?.append(one);
    return one;
  };
  const dialog = make("dialog", "", document.body);
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  make("h2", "Phím tắt", dialog).id = "keys-title";
  const list = make("dl", "", dialog);
  for (const [key, does] of KEYS) {
    make("kbd", key, make("dt", "", list));
    make("dd", does, list);
  }
  const label = make("label", "", dialog);
  label.className = "check";
  const box = make("input", "", label);
  box.type = "checkbox";
  box.checked = on;
  label.append(" Bật phím tắt");
  box.addEventListener("change", () => {
    on = box.checked;
    try { localStorage.setItem(KEPT, on ? "1" : "0"); } catch { /* Until the next page, then. */ }
  });
  make("button", "Đóng", dialog).addEventListener("click", () => dialog.close());
  const who = document.querySelector(".who");
  if (who) {
    const open = make("button", "Phím tắt");
    open.type = "button";
    open.className = "plain";
    open.addEventListener("click", () => dialog.showModal());
    who.insertBefore(open, who.querySelector("form"));
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog");
    if (!on || typing || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !who) return;
    const own = document.querySelector(`[data-keys] [accesskey="${CSS.escape(event.key)}"]`);
    if (own) {
      event.preventDefault();
      return own.matches("input") ? own.focus() : own.click();
    }
    const found = KEYS.find(([key]) => key === event.key);
    if (!found) return;
    event.preventDefault();
    found[2]();
  });

  const present = document.getElementById("present");
  if (present) {
    setInterval(async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(present.dataset.from, { redirect: "error" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const there = [...page.querySelectorAll("p")];
        const shown = [...present.querySelectorAll("p")];
        const same = there.length === shown.length && there.every((one, at) => one.dataset.who === shown[at].dataset.who);
        // Who came or went is read out; that they are still there is not.
        if (same) shown.forEach((one, at) => { one.lastElementChild.textContent = there[at].lastElementChild.textContent; });
        else present.replaceChildren(...there);
      } catch { /* The next time, then. */ }
    }, 15000);
  }
})();
