// Runs ONNX models with ONNX Runtime.
//
//   node ort.js NODE_MODULES DIR
//
// DIR/jobs.json lists {name, model, input, output, height, width}; inputs and
// outputs are little-endian float32 NCHW frames in DIR. An output "" expects the
// run to fail.
const fs = require("fs");
const path = require("path");

async function main() {
  const [modules, dir] = process.argv.slice(2);
  const ort = require(path.join(modules, "onnxruntime-node"));
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
  for (const job of JSON.parse(fs.readFileSync(path.join(dir, "jobs.json")))) {
    const session = await ort.InferenceSession.create(path.join(dir, job.model), options);
    const raw = fs.readFileSync(path.join(dir, job.input));
    const data = new Float32Array(raw.buffer, raw.byteOffset, raw.length / 4);
    const x = new ort.Tensor("float32", data, [data.length / (3 * job.height * job.width), 3, job.height, job.width]);
    let result;
    try {
      result = await session.run({ [session.inputNames[0]]: x });
    } catch (error) {
      if (job.output === "") continue;
      throw error;
    }
    if (job.output === "") throw new Error(job.name + " ran, it should have failed");
    const y = result[session.outputNames[0]];
    if (String(y.dims) !== String(x.dims)) throw new Error(job.name + " returned " + y.dims);
    fs.writeFileSync(path.join(dir, job.output), Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength));
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
