/* From the disk (file://) no browser starts a worker, and the site's search is one: there its script runs in a
   hidden frame instead. Loaded by every page, does nothing elsewhere; mkdocs-material looks for this name. */
if (location.protocol === "file:") {
  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<!doctype html><body></body>";
      this.ready = new Promise((done) => frame.addEventListener("load", done, { once: true })).then(() => {
        const inside = frame.contentWindow;
        const load = (src) =>
          new Promise((done, failed) => {
            const script = inside.document.createElement("script");
            Object.assign(script, { src, onload: () => done(inside), onerror: failed });
            inside.document.body.append(script);
          });
        inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
        inside.importScripts = (...urls) => Promise.all(urls.map(load));
        return load(url);
      });
      document.body.append(frame);
    }
    postMessage(data) {
      this.ready.then((inside) => inside.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {}
  };
}
