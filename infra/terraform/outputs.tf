output "s3_bucket" {
  description = "S3_BUCKET."
  value       = aws_s3_bucket.objects.bucket
}

output "objects_policy_arn" {
  description = "The policy that the pods' role needs."
  value       = aws_iam_policy.use_objects.arn
}

output "database_endpoint" {
  description = "Host and port for DATABASE_URL."
  value       = aws_db_instance.database.endpoint
}

output "database_secret_arn" {
  description = "Where the database's user and password lie, rotated by AWS."
  value       = aws_db_instance.database.master_user_secret[0].secret_arn
}

output "redis_url" {
  description = "REDIS_URL."
  value       = "rediss://:${random_password.cache.result}@${aws_elasticache_replication_group.cache.primary_endpoint_address}:6379"
  sensitive   = true
}
