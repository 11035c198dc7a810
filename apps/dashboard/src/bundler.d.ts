// Types of imports that the bundler handles besides modules.
declare module '*.css';
