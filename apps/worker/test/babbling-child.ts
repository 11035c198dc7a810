// A generation process of another version, which sends messages that the worker does not know.
process.on('message', () => process.send?.({ type: 'loaded', modelDirectory: 'x', weightBytes: 'many' }));
process.on('disconnect', () => process.exit(1));
