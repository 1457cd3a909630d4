// Draws PDF evidence into the page. Without this script the links below each box do the same work.
const MOST_PAGES = 30;

async function draw(box) {
  const status = box.querySelector(".pv-pdf__status");
  const words = (text, page, pages) => text.replace("{page}", page).replace("{pages}", pages);
  try {
    const { getDocument, GlobalWorkerOptions } = await import(`${box.dataset.lib}/pdf.min.mjs`);
    GlobalWorkerOptions.workerSrc = `${box.dataset.lib}/pdf.worker.min.mjs`;
    const answer = await fetch(box.dataset.pdf, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const file = await getDocument({
      data: await answer.arrayBuffer(),
      isEvalSupported: false,
      useWasm: false,
      enableXfa: false,
      useSystemFonts: true,
      verbosity: 0,
    }).promise;
    const shown = Math.min(file.numPages, MOST_PAGES);
    for (let number = 1; number <= shown; number++) {
      const page = await file.getPage(number);
      const natural = page.getViewport({ scale: 1 });
      const width = box.clientWidth || natural.width;
      const sharp = Math.min(2, Math.max(1.5, window.devicePixelRatio || 1));
      const viewport = page.getViewport({ scale: (width / natural.width) * sharp });
      const canvas = document.createElement("canvas");
      canvas.width = viewport.width;
      canvas.height = viewport.height;
      await page.render({ canvas, canvasContext: canvas.getContext("2d"), viewport }).promise;
      const text = (await page.getTextContent()).items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("").trim();
      const figure = document.createElement("div");
      figure.setAttribute("role", "group");
      figure.setAttribute("aria-label", words(box.dataset.pageLabel, number, file.numPages));
      if (text) {
        canvas.setAttribute("aria-hidden", "true");
        const spoken = document.createElement("div");
        spoken.className = "kern-sr-only pv-pdf__text";
        spoken.textContent = text;
        figure.append(canvas, spoken);
      } else {
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", words(box.dataset.pictureLabel, number, file.numPages));
        figure.append(canvas);
      }
      box.append(figure);
    }
    status.textContent = shown < file.numPages ? words(box.dataset.moreLabel, shown, file.numPages) : "";
    status.hidden = shown === file.numPages;
    box.dataset.state = "shown";
  } catch {
    status.textContent = box.dataset.problemLabel;
    box.dataset.state = "failed";
  }
}

for (const box of document.querySelectorAll("[data-pdf]")) {
  const details = box.closest("details");
  if (!details || details.open) {
    draw(box);
  } else {
    details.addEventListener("toggle", () => draw(box), { once: true });
  }
}
