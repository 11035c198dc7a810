// What the bundler takes besides modules.
declare module '*.css';
