// What tests/native/test_schema.py proves, once it has put the host's types before this: namespace
// Takes has the requests that the host understands and their union Request, namespace Gives the
// answers that it writes. Ext is the extension's side of the conversation.

/** The request of one type, as the extension makes it. */
type Sent<T extends string> = Ext.Request extends infer R
  ? R extends { type: infer U } ? T extends U ? Omit<R, "type"> & { type: T } : never : never
  : never;

/** An answer with the id of its request, which the extension chose: a string. */
type Answered<T> = T extends { id: infer I } ? Omit<T, "id"> & { id: Extract<I, string | null> } : never;

/** The names of all fields, those of inner objects with a dot; no deeper than anything is read. */
type Fields<T, Deep extends readonly unknown[] = [1, 2, 3, 4]> =
  Deep extends readonly [unknown, ...infer Less]
    ? T extends string | number | boolean | null | undefined ? never
    : T extends readonly (infer Element)[] ? Fields<Element, Deep>
    : string extends keyof T ? never
    : { [K in keyof T & string]-?: K | `${K}.${Fields<T[K], Less>}` }[keyof T & string]
    : never;

/** What `messages.js` exports a function for. */
type Made = {
  [K in keyof typeof Ext]: (typeof Ext)[K] extends (...given: never[]) => infer R
    ? R extends { id: string, type: string } ? R : never
    : never;
}[keyof typeof Ext];

// The same requests on both sides, and something that makes each of them.
export const known_types = (type: Ext.Request["type"]): Takes.Request["type"] => type;
export const sent_types = (type: Takes.Request["type"]): Ext.Request["type"] => type;
export const made_requests = (request: Made): Ext.Request => request;
export const made_types = (type: Ext.Request["type"]): Made["type"] => type;

// No field that the host does not know.
export const asked_fields = (field: Fields<Ext.Request>): Fields<Takes.Request> => field;
export const status_fields = (field: Fields<Ext.Status>): Fields<Gives.AnyStatus> => field;
export const done_fields = (field: Fields<Ext.Done>): Fields<Gives.AnyDone> => field;
// `reason` is the browser's own, of a host that did not start and said nothing.
type Told = Omit<Ext.Failure, "reason">;
export const failure_fields = (field: Fields<Told>): Fields<Gives.AnyError> => field;
export const account_fields = (field: Fields<Ext.Account>): Fields<Gives.AccountDone> => field;
export const settings_fields = (field: Fields<Ext.Settings>): Fields<Gives.SettingsDone> => field;

// All that the host answers is what the extension takes it for.
export const is_status = (answer: Answered<Gives.AnyStatus>): Ext.Status => answer;
export const is_done = (answer: Answered<Gives.AnyDone>): Ext.Done => answer;
export const is_failure = (answer: Answered<Gives.AnyError>): Ext.Failure => answer;
export const is_account = (answer: Gives.AccountDone): Ext.Account => answer;
export const is_settings = (answer: Gives.SettingsDone): Ext.Settings => answer;

// All that the extension asks is what the host understands; test_schema.py adds a line for each type.
