// Asks every three seconds whether the page has moved on, and loads it only then, so that a screen reader is left in peace.
const step = document.body.dataset.step;

async function look() {
  try {
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store", redirect: "follow" });
    if (answer.headers.get("X-Preview-Step") !== step) {
      location.reload();
      return;
    }
  } catch {
    // offline for a moment: ask again
  }
  setTimeout(look, 3000);
}

setTimeout(look, 3000);
