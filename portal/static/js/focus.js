/* After a swap, focus moves to what changed; menus close when one leaves them. The portal works without this file. */
"use strict";

const focusOn = (element) => {
  if (!element) return;
  if (!element.hasAttribute("tabindex") && !element.matches("a, button, input, select, textarea")) element.tabIndex = -1;
  element.focus({ preventScroll: false });
};

const worthFocus = (root) => {
  const wanted = "#error-summary, [data-focus]";
  return root.matches?.(wanted) ? root : root.querySelector?.(wanted);
};

document.addEventListener("DOMContentLoaded", () => focusOn(document.getElementById("error-summary")));

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) focusOn(worthFocus(event.detail.elt));
});

const failed = () => {
  const status = document.getElementById("status");
  const line = document.createElement("p");
  line.textContent = status.dataset.failed;
  status.classList.add("status-region--filled");
  status.replaceChildren(line);
};

document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:sendError", failed);

const menus = () => document.querySelectorAll(".account-menu[open], .phone-menu[open]");

document.addEventListener("click", (event) => {
  menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
});
