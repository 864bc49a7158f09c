/** @file Switches with which Chromium gives pages SwiftShader, which is WebGPU without a graphics card. */
export const swiftshader = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
