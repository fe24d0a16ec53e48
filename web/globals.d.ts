/** Put in front of sw.js by scripts/build.py: this build's version and files, by URLs relative to sw.js. */
declare const BUILD: { version: string; files: string[]; data: string[] };
