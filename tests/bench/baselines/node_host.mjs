// A Node host on web-ext-native-msg that sends each message back.
import { Input, Output } from "../../node_modules/web-ext-native-msg/index.js";

const input = new Input();
const output = new Output();
process.stdin.on("data", (chunk) => {
  for (const message of input.decode(chunk) ?? []) {
    process.stdout.write(output.encode(message));
  }
});
