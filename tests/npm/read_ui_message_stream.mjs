// Read a UI message stream as `useChat` does: its transport asks the URL, its reader builds the message.
// Prints {"message": as it was in the end, "chunks": [...], "errors": [...]} as JSON.
import { DefaultChatTransport, readUIMessageStream } from "ai";

const transport = new DefaultChatTransport({ api: process.argv[2] });
const message = { id: "question", role: "user", parts: [{ type: "text", text: "Hello?" }] };
const chunks = [];
const errors = [];
let last = null;
try {
  const stream = await transport.sendMessages({
    trigger: "submit-message",
    chatId: "chat",
    messageId: undefined,
    messages: [message],
    abortSignal: undefined,
  });
  const [seen, read] = stream.tee();
  const collected = (async () => {
    for await (const chunk of seen) chunks.push(chunk);
  })();
  for await (const state of readUIMessageStream({ stream: read, onError: (error) => errors.push(String(error)) })) last = state;
  await collected;
} catch (error) {
  errors.push(String(error));
}
console.log(JSON.stringify({ message: last, chunks, errors }));
