// Asks the device for a passkey and sends the answer with the form. Without this file the other ways in still work.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (keys) => (keys ?? []).map((key) => ({ ...key, id: toBytes(key.id) }));

const ask = async (form) => {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  const response = await fetch(form.dataset.question, { method: "POST", body, credentials: "same-origin" });
  if (!response.ok || response.redirected) throw new Error("no question");
  return response.json();
};

const make = async (question) => {
  const publicKey = {
    ...question,
    challenge: toBytes(question.challenge),
    user: { ...question.user, id: toBytes(question.user.id) },
    excludeCredentials: named(question.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = made.response;
  return [made, { clientDataJSON: toText(clientDataJSON), attestationObject: toText(attestationObject) }];
};

const use = async (question) => {
  const publicKey = {
    ...question,
    challenge: toBytes(question.challenge),
    allowCredentials: named(question.allowCredentials),
  };
  const used = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return [used, {
    clientDataJSON: toText(clientDataJSON),
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    userHandle: userHandle ? toText(userHandle) : null,
  }];
};

const answer = async (form) => {
  const question = await ask(form);
  const isNew = form.dataset.make === "yes";
  const [key, response] = await (isNew ? make(question) : use(question));
  const { id, type } = key;
  form.elements.answer.value = JSON.stringify({ id, rawId: toText(key.rawId), type, response, clientExtensionResults: {} });
  form.elements.handle.value = isNew ? question.user.id : "";
  form.submit();
};

document.querySelectorAll("[data-passkey]").forEach((box) => {
  if (!window.PublicKeyCredential) return;
  box.hidden = false;
  const form = box.querySelector("form");
  const problem = box.querySelector("[role=alert]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    problem.hidden = true;
    button.disabled = true;
    answer(form).catch(() => {
      problem.hidden = false;
      button.disabled = false;
    });
  });
});
