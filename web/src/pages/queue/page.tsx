// Stub.
export function QueuePage() { return null; }
