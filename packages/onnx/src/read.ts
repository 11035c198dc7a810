// Reads an ONNX file into its messages, for inspection and tests.
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from './generated/onnx_pb.ts';

/** Throws when the bytes are not an ONNX model. */
export function readOnnx(bytes: Uint8Array): ModelProto {
  const model = fromBinary(ModelProtoSchema, bytes);
  if (model.graph === undefined) throw new Error('not an ONNX model: it holds no graph');
  return model;
}
