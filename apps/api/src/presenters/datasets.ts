// Rows of datasets and uploaded images as response bodies.
import type { DatasetBody, DatasetImageBody } from '@styleforge/contracts';
import type { DatasetSummary, ImageRow } from '@styleforge/database';
import { imageThumbnailUrl, imageUrl } from './links.ts';

export function presentDataset(row: DatasetSummary): DatasetBody {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    image_count: row.imageCount,
    size_bytes: row.sizeBytes,
    components: row.components.map(({ component, count }) => ({ name: component, image_count: count })),
    created_at: row.createdAt.toISOString(),
  };
}

export function presentImage(row: ImageRow): DatasetImageBody {
  return {
    id: row.id,
    dataset_id: row.datasetId,
    file_name: row.fileName,
    component: row.component,
    caption: row.caption,
    excluded: row.excluded,
    has_mask: row.maskKey !== null,
    width: row.width,
    height: row.height,
    size_bytes: row.sizeBytes,
    sha256: row.sha256,
    missing: row.missingSince !== null,
    url: imageUrl(row.id),
    thumbnail_url: imageThumbnailUrl(row.id),
    created_at: row.createdAt.toISOString(),
  };
}
