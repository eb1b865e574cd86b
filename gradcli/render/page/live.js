"use strict";
// The page of a file that is followed. A frame that stops at its first lines says which page the
// file holds now; where it is another one, this page is loaded anew, and looks as it did.
(() => {
  const stamp = document.querySelector('meta[name="stamp"]').content;
  if (parent !== self) {
    parent.postMessage(stamp, "*");
    stop();
    return;
  }
  const folds = () => [...document.querySelectorAll("details:not(.a)")];
  const kept = `gradcli ${location.pathname}`;
  let frame = null;
  function look() {
    if (document.hidden) return;
    frame?.remove();
    frame = document.createElement("iframe");
    Object.assign(frame, { hidden: true, title: "The page as it is now", src: `${location.pathname}?now` });
    document.body.append(frame);
  }
  function leave() {
    const at = document.getElementById("at")?.value;
    sessionStorage.setItem(kept, JSON.stringify([scrollX, scrollY, ...folds().map((each) => each.open)]));
    if (at > 0) history.replaceState(null, "", `#s${at}`);
    location.reload();
  }
  addEventListener("message", (event) => {
    if (event.source === frame?.contentWindow && event.data !== stamp) leave();
  });
  addEventListener("load", () => {
    const [x, y, ...open] = JSON.parse(sessionStorage.getItem(kept) ?? "[]");
    folds().forEach((each, k) => { each.open = open[k] ?? each.open; });
    if (y !== undefined) scrollTo(x, y);
    setInterval(look, 100);
  });
})();
