/**
 * As much of `browser` as the background uses. It does what it is told and writes down what it was
 * asked; what real browsers make of the same calls is tested with real browsers.
 */

import { HINTS, MANIFEST, getMessage } from "./helpers.mjs";

const ORIGIN = "chrome-extension://own/";
export const OWN_PAGE = { id: "own", url: `${ORIGIN}popup/popup.html?tab=1` };

class Event {
  #listeners = [];
  addListener = (listener) => this.#listeners.push(listener);
  fire = (...given) => this.#listeners.map((listener) => listener(...given));
}

/** What the popup holds open as long as it shows something that can be undone. */
export class PopupPort {
  isRefused = false;
  onMessage = new Event();
  onDisconnect = new Event();

  constructor(sender = OWN_PAGE) {
    this.sender = sender;
  }

  disconnect = () => { this.isRefused = true; };
  show = (...ids) => this.onMessage.fire({ shown: ids });
  close = () => this.onDisconnect.fire(this);
}

export class Port {
  sent = [];
  onMessage = new Event();
  onDisconnect = new Event();

  postMessage = (message) => {
    this.sent.push(message);
    const { features } = this;
    if (message.type === "hello") this.answer(message.id, { type: "done", protocol: 1, features });
  };

  disconnect = () => {};

  /** @param {string[]} features what the host knows besides the requests that each one knows */
  constructor(features = []) {
    this.features = ["hello", "discover", "flattr", "cancel", ...features];
  }

  answer(id, message) {
    queueMicrotask(() => this.onMessage.fire({ id, ...message }));
  }

  sentOf(type) {
    return this.sent.filter((message) => message.type === type);
  }
}

export function fakeBrowser() {
  const calls = [];
  const stored = new Map();
  const local = new Map();
  const badges = new Map();
  const ports = [];
  const page = { url: "" }; // what the tab shows when it is read
  const record = (name, answer = () => undefined) => async (...given) => {
    calls.push([name, ...given]);
    return answer(...given);
  };
  const setter = (name, field) => record(name, ({ tabId, ...rest }) => {
    badges.set(tabId, { ...badges.get(tabId), [field]: Object.values(rest)[0] });
  });
  const notifications = {
    onClicked: new Event(),
    create: record("notify"),
    clear: record("clear"),
  };
  const fake = {
    /** As when the person allows notifications: until then there is no such thing. */
    allowNotifications: () => {
      fake.notifications = notifications;
      fake.permissions.onAdded.fire({ permissions: ["notifications"] });
    },
    features: [], // of the hosts that are started from now on
    calls, ports, badges, stored, local, page,
    action: {
      onClicked: new Event(),
      openPopup: record("openPopup"),
      setBadgeBackgroundColor: setter("setBadgeBackgroundColor", "colour"),
      setBadgeText: setter("setBadgeText", "text"),
      setBadgeTextColor: record("setBadgeTextColor"),
      setIcon: setter("setIcon", "icon"),
      setPopup: setter("setPopup", "popup"),
      setTitle: setter("setTitle", "title"),
    },
    contextMenus: {
      onClicked: new Event(),
      removeAll: record("removeAll"),
      create: (item, made) => {
        calls.push(["create", item]);
        queueMicrotask(made);
      },
    },
    i18n: { getMessage },
    permissions: {
      granted: true, // what the person may allow beyond the installation
      contains: async () => fake.permissions.granted,
      onAdded: new Event(),
      onRemoved: new Event(),
    },
    runtime: {
      id: "own",
      onInstalled: new Event(),
      onStartup: new Event(),
      onMessage: new Event(),
      onConnect: new Event(),
      connectNative: (name) => {
        calls.push(["connectNative", name]);
        ports.push(new Port(fake.features));
        return ports.at(-1);
      },
      getContexts: async () => [],
      getManifest: () => MANIFEST,
      getURL: (path) => ORIGIN + path,
    },
    scripting: {
      executeScript: record("executeScript", () => [
        { result: { page: page.url, ...HINTS } },
      ]),
    },
    storage: {
      session: {
        get: async (key) => key === null ? Object.fromEntries(stored)
          : stored.has(key) ? { [key]: structuredClone(stored.get(key)) } : {},
        set: async (items) => {
          for (const [key, value] of Object.entries(items)) stored.set(key, structuredClone(value));
        },
        remove: async (key) => void stored.delete(key),
      },
      local: {
        get: async (key) => local.has(key) ? { [key]: local.get(key) } : {},
        set: async (items) => {
          for (const [key, value] of Object.entries(items)) local.set(key, value);
          const changes = Object.entries(items).map(([key, newValue]) => [key, { newValue }]);
          fake.storage.local.onChanged.fire(Object.fromEntries(changes));
        },
        onChanged: new Event(),
      },
    },
    tabs: {
      create: record("create"),
      get: async (id) => ({ id, active: true, windowId: 1, status: "complete", url: page.url }),
      query: async () => [],
      update: record("update", (id) => ({ id, windowId: 1 })),
      onActivated: new Event(),
      onRemoved: new Event(),
      onUpdated: new Event(),
    },
    windows: { update: record("focus") },
  };
  return fake;
}
