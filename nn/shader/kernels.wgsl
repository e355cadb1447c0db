{{define "wgsl head"}}struct Settings {
  size: vec4<i32>, // width, height; both as the network takes them
  mix: vec4<f32>,  // strength
}
@group(0) @binding(0) var<uniform> settings: Settings;
{{end}}

{{define "wgsl read"}}{{template "wgsl head"}}@group(0) @binding(1) var picture: texture_2d<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// The pixel that stands at u >= 0 on an axis continued by reflection.
fn mirror(u: i32, size: i32) -> i32 {
  let period = max(2 * (size - 1), 1);
  let r = u % period;
  return select(period - r, r, r < size);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = vec2<i32>(id.xy);
  let w = settings.size.z;
  let h = settings.size.w;
  if (p.x >= w || p.y >= h) { return; }
  let at = vec2<i32>(mirror(p.x, settings.size.x), mirror(p.y, settings.size.y));
  let c = f32({{.Span}}) * round(255.0 * textureLoad(picture, at, 0)) + f32({{.Low}});
  let i = p.y * w + p.x;
  y[i] = c.r;
  y[i + w * h] = c.g;
  y[i + 2 * w * h] = c.b;
}
{{end}}

{{define "wgsl write"}}{{template "wgsl head"}}@group(0) @binding(1) var picture: texture_2d<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = vec2<i32>(id.xy);
  if (p.x >= settings.size.x || p.y >= settings.size.y) { return; }
  let area = settings.size.z * settings.size.w;
  let i = p.y * settings.size.z + p.x;
  let v = (vec3<f32>(x[i], x[i + area], x[i + 2 * area]) - f32({{.Low}})) / f32({{.Span}});
  let styled = clamp(v, vec3<f32>(0.0), vec3<f32>(255.0));
  let source = round(255.0 * textureLoad(picture, p, 0));
  let c = vec4<u32>(vec4<f32>(mix(source.rgb, styled, settings.mix.x), source.a));
  result[p.y * settings.size.x + p.x] = c.r | (c.g << 8u) | (c.b << 16u) | (c.a << 24u);
}
{{end}}

{{define "wgsl conv"}}{{template "wgsl head"}}@group(0) @binding(1) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// The pixel that stands at u on an axis with mirrored edges{{if gt .Upsample 1}}, before upsampling{{end}}.
fn mirror(u: i32, size: i32) -> i32 {
  let a = abs(u);
  return min(a, 2 * size - 2 - a){{if gt .Upsample 1}} / {{.Upsample}}{{end}};
}

fn store(c: i32, area: i32, i: i32, v: vec4<f32>) {
  {{- range upto 4}}
  if (c + {{.}} < {{$.Out}}) { y[(c + {{.}}) * area + i] = v[{{.}}]; }
  {{- end}}
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = vec2<i32>(id.xy);
  let size = settings.size.zw / {{.Scale}};
  if (p.x >= size.x || p.y >= size.y) { return; }
  let from_size = settings.size.zw / {{.InScale}};
  let block = i32(id.z);
  var at = {{div .At 4}} + block * {{mul .Lanes (add 1 (mul .In (mul .Side .Side)))}};
  {{- range upto .Lanes}}
  var s{{.}} = weights[at + {{.}}];
  {{- end}}
  at += {{.Lanes}};
  for (var c = 0; c < {{.In}}; c++) {
    let plane = c * from_size.x * from_size.y;
    for (var ky = 0; ky < {{.Side}}; ky++) {
      let row = plane + mirror(p.y * {{.Stride}} + ky - {{div .Side 2}}, from_size.y * {{.Upsample}}) * from_size.x;
      for (var kx = 0; kx < {{.Side}}; kx++) {
        let v = x[row + mirror(p.x * {{.Stride}} + kx - {{div .Side 2}}, from_size.x * {{.Upsample}})];
        {{- range upto .Lanes}}
        s{{.}} += v * weights[at + {{.}}];
        {{- end}}
        at += {{.Lanes}};
      }
    }
  }
  let i = p.y * size.x + p.x;
  {{- range upto .Lanes}}
  store({{mul 4 $.Lanes}} * block + {{mul 4 .}}, size.x * size.y, i, s{{.}});
  {{- end}}
}
{{end}}

{{define "wgsl moments"}}{{template "wgsl head"}}@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> moments: array<vec2<f32>>;

var<workgroup> part: array<f32, 64>;

fn total(lane: u32) -> f32 {
  workgroupBarrier();
  for (var n = 32u; n > 0u; n /= 2u) {
    if (lane < n) { part[lane] += part[lane + n]; }
    workgroupBarrier();
  }
  let sum = part[0];
  workgroupBarrier();
  return sum;
}

// Mean and squared deviations of {{chunk}} pixels of a plane.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let size = settings.size.zw / {{.Scale}};
  let area = size.x * size.y;
  let first = i32(group.x) * {{chunk}};
  let count = min({{chunk}}, area - first);
  let plane = i32(group.y) * area + first;
  var sum = 0.0;
  for (var i = i32(lane); i < count; i += 64) { sum += x[plane + i]; }
  part[lane] = sum;
  let mean = total(lane) / f32(count);
  sum = 0.0;
  for (var i = i32(lane); i < count; i += 64) {
    let d = x[plane + i] - mean;
    sum += d * d;
  }
  part[lane] = sum;
  let deviation = total(lane);
  if (lane == 0u) {
    let chunks = (area + {{chunk}} - 1) / {{chunk}};
    moments[i32(group.y) * chunks + i32(group.x)] = vec2<f32>(mean, deviation);
  }
}
{{end}}

{{define "wgsl affine"}}{{template "wgsl head"}}@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> moments: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> affine: array<vec4<f32>>;

// Merges a channel's parts (Chan et al. 1983).
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let c = i32(group.y);
  let size = settings.size.zw / {{.Scale}};
  let area = size.x * size.y;
  let chunks = (area + {{chunk}} - 1) / {{chunk}};
  var mean = 0.0;
  var deviation = 0.0;
  var count = 0.0;
  for (var i = 0; i < chunks; i++) {
    let m = moments[c * chunks + i];
    let n = f32(min({{chunk}}, area - i * {{chunk}}));
    let delta = m.x - mean;
    mean += delta * n / (count + n);
    deviation += m.y + delta * delta * count * n / (count + n);
    count += n;
  }
  let scale = weights[{{.At}} + c] / sqrt(deviation / count + 1e-5);
  affine[c] = vec4<f32>(mean, scale, weights[{{add .At .Out}} + c], 0.0);
}
{{end}}

{{define "wgsl apply"}}{{template "wgsl head"}}@group(0) @binding(1) var<storage, read_write> y: array<f32>;
{{- if .Norm}}
@group(0) @binding(2) var<storage, read> affine: array<vec4<f32>>;
{{- end}}
{{- range $i, $f := .Factors}}
@group(0) @binding({{add $i (or (and $.Norm 3) 2)}}) var<storage, read> plus{{$i}}: array<f32>;
{{- end}}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let size = settings.size.zw / {{.Scale}};
  let area = size.x * size.y;
  let p = i32(id.x);
  if (p >= area) { return; }
  let i = i32(id.y) * area + p;
  var v = y[i];
  {{- if .Norm}}
  let a = affine[id.y];
  v = (v - a.x) * a.y + a.z;
  {{- end}}
  {{- if .ReLU}}
  v = max(v, 0.0);
  {{- end}}
  {{- range $i, $f := .Factors}}
  v += f32({{$f}}) * plus{{$i}}[i];
  {{- end}}
  y[i] = v;
}
{{end}}
