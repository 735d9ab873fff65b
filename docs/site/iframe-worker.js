// Browsers start no worker for a page that is a file on disk, and the search is one: there, it is a hidden frame.
if (location.protocol === "file:")
  window.Worker = class extends EventTarget {
    constructor(source) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.srcdoc = `<script src="${new URL(source, location.href)}"></script>`
      this.started = new Promise(done => frame.addEventListener("load", () => {
        frame.contentWindow.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
        done(frame.contentWindow)
      }))
      document.body.append(frame)
    }
    postMessage(data) {
      this.started.then(worker => worker.dispatchEvent(new MessageEvent("message", { data })))
    }
  }
