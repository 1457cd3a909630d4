// Rows come and go, checks answer and YAML appears without the page jumping: the server's answer takes the place of the
// editor. Without this script the same buttons load the page. What was typed and not kept is not left by accident.
let dirty = false;
document.addEventListener("input", () => { dirty = true; });
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

document.addEventListener("submit", async (event) => {
  const button = event.submitter;
  const verb = button?.name === "do" ? button.value.split(":")[0] : "";
  if (!["add", "remove", "up", "check", "expert", "form"].includes(verb)) {
    dirty = false;
    return;
  }
  event.preventDefault();
  const place = button.value.slice(verb.length + 1);
  const sent = new URLSearchParams(new FormData(event.target, button));
  event.target.inert = true; // what is typed meanwhile would be lost
  try {
    const answer = await fetch(event.target.action, { method: "POST", body: sent, redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("editor");
    if (!now) throw new Error("another page");
    const open = [...document.querySelectorAll("#editor details[open][id]")].map((part) => part.id);
    document.getElementById("editor").replaceWith(document.adoptNode(now));
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    document.title = page.title;
    dirty = true;
    show(verb, place);
  } catch {
    dirty = false;
    event.target.inert = false;
    HTMLFormElement.prototype.submit.call(with_button(event.target, button));
  }
});

function with_button(form, button) {
  const pressed = document.createElement("input");
  Object.assign(pressed, { type: "hidden", name: button.name, value: button.value });
  form.append(pressed);
  return form;
}

function show(verb, place) {
  if (verb === "add") {
    const rows = document.getElementById(place)?.querySelectorAll(":scope > .ed-row, :scope > .ed-card");
    const row = rows?.[rows.length - 1];
    row?.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  } else if (verb === "remove" || verb === "up") {
    document.getElementById(place.slice(0, place.lastIndexOf(".")))?.focus({ preventScroll: true });
  } else {
    const told = document.getElementById("summary") ?? document.querySelector("#editor h1");
    told.tabIndex = -1;
    told.focus();
    told.scrollIntoView({ block: "start" });
  }
}
