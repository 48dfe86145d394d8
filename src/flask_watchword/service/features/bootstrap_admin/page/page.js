"use strict";

const form = document.getElementById("form");
const outcome = document.getElementById("outcome");

const INVALID =
  "This link is not valid any more: it is valid once, for an hour, and while there is no admin. " +
  "On the server this makes an admin: watchword user add EMAIL --role admin";

// The code stands behind the sign that no browser sends, and leaves the address bar with this. It
// is kept for as long as the tab is open, so that the page may be loaded once more.
const given = new URLSearchParams(location.hash.slice(1)).get("code");
if (given) sessionStorage.setItem("code", given);
const code = sessionStorage.getItem("code") ?? "";
history.replaceState(null, "", location.pathname);

async function post(path, body) {
  try {
    // Relative: it may be served below any prefix.
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (answer.ok) return said;
    if (said.code === "invalid_code") refuse(INVALID);
    else outcome.textContent = said.msg;
  } catch {
    outcome.textContent = "The service does not answer; try again.";
  }
  return null;
}

function refuse(why) {
  form.remove();
  sessionStorage.removeItem("code");
  outcome.textContent = why;
}

async function begin() {
  if (!code) {
    refuse(
      "Open the whole link that the service printed when it started. " +
      "If there is an admin already, log in as that user."
    );
    return;
  }
  const found = await post("setup/check", { code });
  if (!found) return;
  document.getElementById("least").textContent = found.min_password_characters;
  form.password.minLength = found.min_password_characters;
  form.hidden = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  outcome.textContent = "";
  const [email, password] = [form.email.value, form.password.value];
  const said = await post("setup", { code, email, password });
  if (said) refuse(`${said.email} is an admin now, and can log in.`);
});

begin();
