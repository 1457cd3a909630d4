// Asks now and then whether the page has moved on, and loads it only then, so that a screen reader is left in peace.
// A page that waits for the register asks every three seconds. One that waits for the way back only has a few looks.
const step = document.body.dataset.step;
const lacking = document.querySelector("[data-looks]");
let looks = lacking ? Number(lacking.dataset.looks) : Infinity;
let pause = lacking ? 1000 : 3000;

async function look() {
  looks -= 1;
  try {
    const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store", redirect: "follow" });
    const found = lacking && answer.headers.get("X-Preview-Way-Back") === "yes";
    if (found || answer.headers.get("X-Preview-Step") !== step) {
      location.replace(location.pathname);
      return;
    }
  } catch {
    // offline for a moment: ask again
  }
  if (lacking) {
    pause *= 2;
  }
  if (looks > 0) {
    setTimeout(look, pause);
  }
}

setTimeout(look, pause);
