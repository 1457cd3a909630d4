// Moves the bar of a run, and shows the report when it is there. Without it one looks again by the link.
const box = document.querySelector("[data-progress]");
const bar = box?.querySelector("progress");
const done = box?.querySelector("[data-done]");
async function look() {
  const answer = await fetch(box.dataset.progress, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const run = await answer.json();
  bar.value = run.done;
  done.textContent = run.done;
  if (run.state === "running") setTimeout(look, 1500);
  else location.reload();
}
if (box) setTimeout(look, 1000);
