// The whole of the original: ask the model, pipe its words to the browser. No accounts, nothing stored.
import OpenAI from "openai";

const openai = new OpenAI();

export async function POST(request: Request): Promise<Response> {
    const { messages } = await request.json();
    const answer = await openai.chat.completions.create({ model: "gpt-4o-mini", messages, stream: true });
    const encoder = new TextEncoder();
    const words = new ReadableStream({
        async start(controller) {
            for await (const chunk of answer) {
                const text = chunk.choices[0]?.delta?.content;
                if (text) controller.enqueue(encoder.encode(text));
            }
            controller.close();
        },
        cancel() {
            answer.controller.abort();
        },
    });
    return new Response(words, { headers: { "Content-Type": "text/plain; charset=utf-8" } });
}
