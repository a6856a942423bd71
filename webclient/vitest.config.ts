import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { __KITCHEN__: "false" },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node", restoreMocks: true, pool: "threads" },
});
