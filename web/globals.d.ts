/** This build's version, and its files as URLs relative to sw.js. scripts/build.py puts it in front of sw.js. */
declare const BUILD: { version: string; files: string[]; data: string[] };
