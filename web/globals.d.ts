/**
 * This build's version, and the hashes of its files by their URLs relative to sw.js. scripts/build.py puts it in front
 * of sw.js.
 */
declare const BUILD: { version: string; files: Record<string, string>; data: Record<string, string> };
