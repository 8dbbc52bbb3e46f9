import type { NextConfig } from "next";

// The lock file above this folder is not this project's.
const config: NextConfig = { turbopack: { root: __dirname } };

export default config;
