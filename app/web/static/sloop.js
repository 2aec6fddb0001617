// Keeps the page true: ages grow, green turns grey when nothing new arrives, and a new snapshot replaces <main> in place.
"use strict";
(() => {
  const PARTS = ["fresh", "main"];
  const body = document.body;
  const speed = Number(body.dataset.speed) || 1;
  const pollMs = Math.min(5000, Math.max(1000, 30000 / speed));
  let etag = null;
  let made = Number(body.dataset.made);
  let staleAfter = Number(body.dataset.staleAfter);
  let ageAtSync = 0;
  let syncedAt = performance.now();

  // The body is cached and cannot hold its own age: the header Sloop-Age brings it, the local clock only adds to it.
  const snapshotAge = () => ageAtSync + ((performance.now() - syncedAt) / 1000) * speed;

  const about = (seconds) => {
    if (seconds < 120) return `${Math.floor(seconds)} s`;
    if (seconds < 5400) return `${Math.floor(seconds / 60)} min`;
    return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
  };

  const tick = () => {
    const age = snapshotAge();
    const stale = age > staleAfter;
    body.classList.toggle("stale", stale);
    body.classList.toggle("current", !stale);
    for (const time of document.querySelectorAll("time[data-at]")) {
      const old = Math.max(0, made + age - Number(time.dataset.at));
      const text = time.querySelector("[data-age]");
      text.textContent = about(old);
      text.classList.toggle("late", old > Math.max(300, staleAfter));
    }
  };

  const sync = (response) => {
    ageAtSync = Number(response.headers.get("Sloop-Age")) || 0;
    syncedAt = performance.now();
    etag = response.headers.get("ETag") || etag;
  };

  // What somebody has filled in and not sent yet would be gone with a new <main>.
  const isEdited = (form) => form.method === "post" && [...form.elements].some((field) => {
    if (field instanceof HTMLSelectElement) return field.selectedIndex > 0;
    return field instanceof HTMLInputElement && field.value !== field.defaultValue;
  });

  const isBusy = () => {
    const main = document.getElementById("main");
    const field = document.activeElement;
    const selection = document.getSelection();
    const typing = (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) && main.contains(field);
    return typing || [...main.querySelectorAll("form")].some(isEdited) || (selection && !selection.isCollapsed && main.contains(selection.anchorNode));
  };

  // Whoever walks by keyboard stays where they are: on the same of several links to one place, or on the same summary.
  const focusKeeper = () => {
    const field = document.activeElement;
    if (!document.getElementById("main").contains(field)) return () => {};
    const href = field.getAttribute("href");
    const id = field.matches("summary") ? field.parentElement.id : null;
    const alike = () => [...document.querySelectorAll("#main a, #main summary")].filter((e) => (href ? e.getAttribute("href") === href : id && e.parentElement.id === id));
    const place = alike().indexOf(field);
    return () => alike()[place]?.focus({ preventScroll: true });
  };

  const swap = (html) => {
    const next = new DOMParser().parseFromString(html, "text/html");
    if (!next.getElementById("main")) return;
    const opened = [...document.querySelectorAll("details[open]")].map((d) => d.id);
    const refocus = focusKeeper();
    for (const id of PARTS) document.getElementById(id).replaceChildren(...next.getElementById(id).childNodes);
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    refocus();
    document.title = next.title;
    made = Number(next.body.dataset.made);
    staleAfter = Number(next.body.dataset.staleAfter);
  };

  const poll = async () => {
    if (document.hidden || isBusy()) return;
    try {
      const response = await fetch(location.href, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
      if (response.status === 200) {
        const known = etag;
        sync(response);
        if (known !== etag) swap(await response.text());
      } else if (response.status === 304) {
        sync(response);
      }
    } catch {
      // The server is away: the age goes on growing, and the page turns grey by itself.
    }
    tick();
  };

  setInterval(tick, 1000);
  setInterval(poll, pollMs);
  document.addEventListener("visibilitychange", poll);
  poll();
})();
