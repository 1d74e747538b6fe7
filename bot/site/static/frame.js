// The chat's side of the widget: tells the page around it that the chat is there, that an answer came, and that Escape
// was pressed. It tells nothing else, and listens to nothing.

import { whenOpen } from "./session.js";

function tell(event) {
  // Only pages the operator allows can be around this one, and none of these words is a secret.
  parent.postMessage({ motcua: event }, "*");
}

whenOpen(() => tell("open"));
document.addEventListener("chat:answer", () => tell("answer"));
document.addEventListener("keydown", (event) => {
  // While an input method composes, Escape belongs to it.
  if (event.key === "Escape" && !event.isComposing && event.keyCode !== 229) tell("close");
});
window.addEventListener("focus", () => {
  // On a phone the keyboard would hide the conversation. What stands first stays in sight: that this is a machine.
  if (document.activeElement !== document.body || !matchMedia("(pointer: fine)").matches) return;
  document.getElementById("text").focus({ preventScroll: true });
});
