"use strict";

const form = document.getElementById("form");
const outcome = document.getElementById("outcome");

// The code stands behind the sign that no browser sends, and leaves the address bar with this. It
// is kept for as long as the tab is open, so that the page may be loaded once more.
const given = new URLSearchParams(location.hash.slice(1)).get("code");
if (given) sessionStorage.setItem("code", given);
const code = sessionStorage.getItem("code") ?? "";
history.replaceState(null, "", location.pathname);
if (!code) outcome.textContent = "Open the whole link that the service printed when it started.";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  outcome.textContent = "";
  const [email, password] = [form.email.value, form.password.value];
  try {
    // Relative: it may be served below any prefix.
    const answer = await fetch("setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code, email, password }),
    });
    const said = await answer.json();
    if (answer.ok) {
      form.remove();
      sessionStorage.removeItem("code");
      outcome.textContent = `${said.email} is an admin now, and can log in.`;
    } else if (said.code === "invalid_code") {
      outcome.textContent =
        "This link is not good any more: it is good once, for an hour, and while there is no " +
        "admin. On the server this makes one: watchword user add EMAIL --role admin";
    } else {
      outcome.textContent = said.msg;
    }
  } catch {
    outcome.textContent = "The service does not answer; try again.";
  }
});
